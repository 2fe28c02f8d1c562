import { type Conversation, limits, type Person, type Report } from '@earshot/chat/contract';
import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { useFixed, useSheet } from '../context.ts';
import { nameOf } from '../words.ts';
import { useMore } from './use-more.ts';

interface SheetProps {
  title: string;
  children: ComponentChildren;
  /** What is done, in its button. */
  label: string;
  danger?: boolean;
  ready?: boolean;
  onSubmit: () => void;
}

/** A dialog over its panel: a title, what it is about, and two buttons. Escape puts it away. */
export function Sheet({ title, children, label, danger = false, ready = true, onSubmit }: SheetProps) {
  const t = useMore();
  const show = useSheet();
  const id = useId();
  const box = useRef<HTMLFormElement>(null);
  useLayoutEffect(() => {
    const first = box.current?.querySelector<HTMLElement>('input, textarea, select');
    (first ?? box.current?.querySelector<HTMLElement>('button'))?.focus();
  }, []);
  return (
    <div class="sheet" part="dialog" role="dialog" aria-modal="true" aria-labelledby={id}>
      <form
        class="sheet-form"
        ref={box}
        onSubmit={(event) => {
          event.preventDefault();
          if (!ready) return;
          show(null);
          onSubmit();
        }}
      >
        <h2 class="sheet-title" id={id}>
          {title}
        </h2>
        <div class="sheet-body">{children}</div>
        <div class="sheet-acts">
          <button type="button" class="button" onClick={() => show(null)}>
            {t('cancel')}
          </button>
          <button
            type="submit"
            class={danger ? 'button button-danger' : 'button button-primary'}
            aria-disabled={!ready}
          >
            {label}
          </button>
        </div>
      </form>
    </div>
  );
}

/** Asks before something that cannot be taken back. */
export function Confirm({
  title,
  text,
  label,
  onConfirm,
}: {
  title: string;
  text: string;
  label: string;
  onConfirm: () => void;
}) {
  return (
    <Sheet title={title} label={label} danger onSubmit={onConfirm}>
      <p>{text}</p>
    </Sheet>
  );
}

const reasons: readonly Report['reason'][] = [
  'spam',
  'harassment',
  'hate',
  'sexual',
  'violence',
  'illegal',
  'other',
];

export function ReportForm({
  person,
  conversation,
  seq,
}: {
  person: Person;
  conversation: string | null;
  seq: number | null;
}) {
  const t = useMore();
  const { actions } = useFixed();
  const [reason, setReason] = useState<Report['reason'] | null>(null);
  const [text, setText] = useState('');
  return (
    <Sheet
      title={t('reportTitle')}
      label={t('reportDo')}
      ready={reason !== null}
      onSubmit={() =>
        reason !== null && void actions.report({ person: person.id, conversation, seq, reason, text })
      }
    >
      <p class="hint">{t('reportHint', { name: nameOf(t, person) })}</p>
      <fieldset class="choices">
        <legend class="label">{t('reportReason')}</legend>
        {reasons.map((value) => (
          <label class="choice" key={value}>
            <input type="radio" name="reason" checked={reason === value} onChange={() => setReason(value)} />
            {t(`reason_${value}`)}
          </label>
        ))}
      </fieldset>
      <label class="labelled">
        <span class="label">{t('reportText')}</span>
        <textarea
          class="field"
          rows={3}
          dir="auto"
          maxLength={limits.reportCharacters}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
    </Sheet>
  );
}

const spans = [10, 60, 24 * 60, 7 * 24 * 60, null] as const;

/** Ban or mute, and for how long. */
export function Sanction({
  act,
  person,
  conversation,
}: {
  act: 'ban' | 'mute';
  person: Person;
  conversation: string;
}) {
  const t = useMore();
  const { actions } = useFixed();
  const [minutes, setMinutes] = useState<number | null>(60);
  const name = nameOf(t, person);
  const say = (span: number | null) => {
    if (span === null) return t('forever');
    if (span < 60) return t('minutes', { n: span });
    return span < 24 * 60 ? t('hours', { n: span / 60 }) : t('days', { n: span / 1440 });
  };
  return (
    <Sheet
      title={t(act === 'ban' ? 'banTitle' : 'muteTitle', { name })}
      label={t(act === 'ban' ? 'banDo' : 'muteDo')}
      danger
      onSubmit={() => void actions.moderate(conversation, act, person.id, minutes)}
    >
      <p>{t(act === 'ban' ? 'banText' : 'muteText', { name })}</p>
      <fieldset class="choices">
        <legend class="label">{t('duration')}</legend>
        {spans.map((span) => (
          <label class="choice" key={span}>
            <input type="radio" name="span" checked={minutes === span} onChange={() => setMinutes(span)} />
            {say(span)}
          </label>
        ))}
      </fieldset>
    </Sheet>
  );
}

/** Erasing asks for a word, so that no slip of the finger does it. */
export function EraseSheet() {
  const t = useMore();
  const { actions } = useFixed();
  const [typed, setTyped] = useState('');
  const word = t('eraseWord');
  return (
    <Sheet
      title={t('eraseTitle')}
      label={t('eraseDo')}
      danger
      ready={typed.trim().toLocaleLowerCase() === word.toLocaleLowerCase()}
      onSubmit={() => void actions.eraseMe()}
    >
      <label class="labelled">
        <span>{t.parts('eraseText', { word: <b>{word}</b> })}</span>
        <input
          class="field"
          type="text"
          dir="auto"
          autocomplete="off"
          value={typed}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
      </label>
    </Sheet>
  );
}

const slows = [0, 5, 10, 30, 60, 300];
const retentions = [0, 1, 7, 30, 90, 365];

export function RoomSettings({ conversation }: { conversation: Conversation }) {
  const t = useMore();
  const { actions } = useFixed();
  const [title, setTitle] = useState(conversation.title);
  const [topic, setTopic] = useState(conversation.topic);
  const [slow, setSlow] = useState(conversation.slowSeconds);
  const [locked, setLocked] = useState(conversation.locked);
  const [membersOnly, setMembersOnly] = useState(conversation.membersOnly);
  const [days, setDays] = useState(conversation.retentionDays);
  const save = () => {
    const changed = {
      ...(title !== conversation.title && { title }),
      ...(slow !== conversation.slowSeconds && { slowSeconds: slow }),
      ...(locked !== conversation.locked && { locked }),
      ...(membersOnly !== conversation.membersOnly && { membersOnly }),
      ...(days !== conversation.retentionDays && { retentionDays: days }),
    };
    if (Object.keys(changed).length > 0) void actions.setRoom(conversation.id, changed);
    if (topic !== conversation.topic) void actions.setTopic(conversation.id, topic);
  };
  return (
    <Sheet title={t('roomSettings')} label={t('save')} onSubmit={save}>
      <label class="labelled">
        <span class="label">{t('roomTitle')}</span>
        <input
          class="field"
          dir="auto"
          maxLength={limits.titleCharacters}
          value={title}
          onInput={(event) => setTitle(event.currentTarget.value)}
        />
      </label>
      <label class="labelled">
        <span class="label">{t('roomTopic')}</span>
        <input
          class="field"
          dir="auto"
          maxLength={limits.topicCharacters}
          value={topic}
          onInput={(event) => setTopic(event.currentTarget.value)}
        />
      </label>
      <label class="labelled">
        <span class="label">{t('roomSlow')}</span>
        <select class="field" value={slow} onChange={(event) => setSlow(Number(event.currentTarget.value))}>
          {withOwn(slows, conversation.slowSeconds).map((seconds) => (
            <option key={seconds} value={seconds}>
              {seconds === 0
                ? t('off')
                : seconds < 60
                  ? t('seconds', { n: seconds })
                  : t('minutes', { n: seconds / 60 })}
            </option>
          ))}
        </select>
        <span class="hint">{t('roomSlowHint')}</span>
      </label>
      <label class="labelled">
        <span class="label">{t('roomRetention')}</span>
        <select class="field" value={days} onChange={(event) => setDays(Number(event.currentTarget.value))}>
          {withOwn(retentions, conversation.retentionDays).map((count) => (
            <option key={count} value={count}>
              {count === 0 ? t('keep') : t('days', { n: count })}
            </option>
          ))}
        </select>
      </label>
      <Switch label={t('roomLocked')} on={locked} onChange={setLocked} />
      {conversation.name !== 'lobby' && (
        <Switch
          label={t('membersOnly')}
          hint={t('membersOnlyHint')}
          on={membersOnly}
          onChange={setMembersOnly}
        />
      )}
    </Sheet>
  );
}

const withOwn = (values: readonly number[], own: number) =>
  [...new Set([...values, own])].sort((a, b) => a - b);

export function NewRoom() {
  const t = useMore();
  const { actions } = useFixed();
  const [title, setTitle] = useState('');
  const [name, setName] = useState<string | null>(null);
  const [membersOnly, setMembersOnly] = useState(false);
  const short = name ?? slugOf(title);
  return (
    <Sheet
      title={t('newRoomTitle')}
      label={t('create')}
      ready={short !== '' && title.trim() !== ''}
      onSubmit={() => void actions.createRoom({ name: short, title: title.trim(), membersOnly })}
    >
      <label class="labelled">
        <span class="label">{t('roomTitle')}</span>
        <input
          class="field"
          dir="auto"
          maxLength={limits.titleCharacters}
          value={title}
          onInput={(event) => setTitle(event.currentTarget.value)}
        />
      </label>
      <label class="labelled">
        <span class="label">{t('newRoomName')}</span>
        <input
          class="field"
          dir="ltr"
          autocapitalize="none"
          spellcheck={false}
          maxLength={limits.roomNameCharacters}
          value={short}
          onInput={(event) => setName(slugOf(event.currentTarget.value))}
        />
        <span class="hint">{t('newRoomNameHint')}</span>
      </label>
      <Switch
        label={t('membersOnly')}
        hint={t('membersOnlyHint')}
        on={membersOnly}
        onChange={setMembersOnly}
      />
    </Sheet>
  );
}

/** What a title would be as a short name. */
export function slugOf(title: string): string {
  return title
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-/, '')
    .slice(0, limits.roomNameCharacters);
}

interface SwitchProps {
  label: string;
  hint?: string;
  on: boolean;
  onChange: (on: boolean) => void;
}

/** On or off; shape and place say which, not colour alone. */
export function Switch({ label, hint, on, onChange }: SwitchProps) {
  const id = useId();
  return (
    <div class="switch-row">
      <span class="switch-words">
        <span class="switch-label" id={id}>
          {label}
        </span>
        {hint !== undefined && (
          <span class="hint" id={`${id}-hint`}>
            {hint}
          </span>
        )}
      </span>
      <button
        type="button"
        class="switch"
        role="switch"
        aria-checked={on}
        aria-labelledby={id}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        onClick={() => onChange(!on)}
      >
        <span class="switch-knob" />
      </button>
    </div>
  );
}
