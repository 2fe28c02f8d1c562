import './icons.ts';
import type { AuditEntry, Conversation, Id, Person } from '@earshot/chat/contract';
import { isId } from '@earshot/chat/contract';
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Ban, RoomRecords } from '../../store/records.ts';
import type { WidgetState } from '../../store/state.ts';
import css from '../../styles/rare.css' with { type: 'text' };
import { Avatar } from '../avatar.tsx';
import { useFixed, useSheet, useWidgetState } from '../context.ts';
import type { Chunk } from '../lazy.tsx';
import { Failure, Skeleton } from '../parts.tsx';
import { Name } from '../person-parts.tsx';
import { nameOf } from '../words.ts';
import { useKeptFocus } from './use-kept-focus.ts';
import { type MoreTranslator, useMore } from './use-more.ts';

interface Props {
  conversation: Conversation;
}

/** Who has a say in a room, who may not enter it, whom one lets in, and what was done. */
function RoomRecordsSheet({ conversation }: Props) {
  const { records } = useWidgetState();
  const t = useMore();
  const { actions } = useFixed();
  const show = useSheet();
  const id = useId();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => void actions.loadRoomRecords(conversation.id), []);
  useLayoutEffect(() => heading.current?.focus(), []);
  const asked = records.rooms?.get(conversation.id);
  useKeptFocus(heading, asked);
  return (
    <div class="sheet" part="dialog" role="dialog" aria-modal="true" aria-labelledby={id}>
      <div class="sheet-form">
        <h2 class="sheet-title" id={id} tabIndex={-1} ref={heading}>
          {t('roomPeople')}
        </h2>
        <div class="sheet-body records" role="presentation">
          {asked === undefined || asked.phase === 'loading' ? (
            <Skeleton since={asked?.since ?? Date.now()} />
          ) : asked.phase === 'failed' ? (
            <Failure problem={asked.problem} onRetry={() => void actions.loadRoomRecords(conversation.id)} />
          ) : (
            <>
              {conversation.membersOnly && <LetIn conversation={conversation} />}
              <Bans room={conversation.id} bans={asked.value.bans} />
              <Staff conversation={conversation} staff={asked.value.staff} />
              <Acts acts={asked.value.acts} />
            </>
          )}
        </div>
        <div class="sheet-acts">
          <button type="button" class="button" onClick={() => show(null)}>
            {t('close')}
          </button>
        </div>
      </div>
    </div>
  );
}

function Part({ title, children }: { title: string; children: ComponentChildren }) {
  const id = useId();
  return (
    <section class="group" aria-labelledby={id}>
      <h3 class="group-title" id={id}>
        {title}
      </h3>
      {children}
    </section>
  );
}

interface PersonRowProps {
  person: Person;
  about?: string;
  /** What its button does; none: there is nothing to be done. */
  label?: string | false;
  onClick?: () => void;
}

function PersonRow({ person, about, label, onClick }: PersonRowProps) {
  const id = useId();
  return (
    <li class="record">
      <Avatar person={person} />
      <span class="record-words">
        <span id={id}>
          <Name person={person} />
        </span>
        {about !== undefined && (
          <span class="hint" dir="auto">
            {about}
          </span>
        )}
      </span>
      {label && (
        <button type="button" class="button button-plain" aria-describedby={id} onClick={onClick}>
          {label}
        </button>
      )}
    </li>
  );
}

function Bans({ room, bans }: { room: Id; bans: readonly Ban[] }) {
  const t = useMore();
  const { actions } = useFixed();
  const say = ({ until, by, reason }: Ban) => {
    const name = nameOf(t, by);
    const end =
      until === null ? t('bannedForGood', { name }) : t('bannedUntil', { time: t.full(until), name });
    return reason === '' ? end : `${end}: ${reason}`;
  };
  return (
    <Part title={t('bansTitle')}>
      {bans.length === 0 ? (
        <p class="hint">{t('bansNone')}</p>
      ) : (
        <ul class="records-list">
          {bans.map((ban) => (
            <PersonRow
              key={ban.person.id}
              person={ban.person}
              about={say(ban)}
              label={!ban.person.deleted && t('unban')}
              onClick={() => void actions.moderate(room, 'unban', ban.person.id, null)}
            />
          ))}
        </ul>
      )}
    </Part>
  );
}

function Staff({ conversation, staff }: { conversation: Conversation; staff: RoomRecords['staff'] }) {
  const { session } = useWidgetState();
  const t = useMore();
  const { actions } = useFixed();
  const me = session.phase === 'in' ? session.me : null;
  const owns = conversation.me.role === 'owner' || me?.moderator === true;
  return (
    <Part title={t('staffTitle')}>
      {staff.length === 0 ? (
        <p class="hint">{t('staffNone')}</p>
      ) : (
        <ul class="records-list">
          {staff.map((person) => (
            <PersonRow
              key={person.id}
              person={person}
              about={t(person.role === 'owner' ? 'owner' : 'moderator')}
              label={
                owns && person.id !== me?.id && (person.role === 'moderator' || me?.moderator === true)
                  ? t('makeMember')
                  : false
              }
              onClick={() => void actions.setRole(conversation.id, person.id, 'member')}
            />
          ))}
        </ul>
      )}
    </Part>
  );
}

const offeredMost = 8;

/** By a name that I know from elsewhere, or by an id that somebody gave me. */
function LetIn({ conversation }: Props) {
  const state = useWidgetState();
  const t = useMore();
  const { actions } = useFixed();
  const [typed, setTyped] = useState('');
  const wanted = typed.trim();
  const known = peopleKnown(state, conversation.id);
  const found = known.filter(({ name }) => fold(name).includes(fold(wanted))).slice(0, offeredMost);
  const letIn = (person: Id) => {
    setTyped('');
    void actions.moderate(conversation.id, 'let-in', person, null);
  };
  return (
    <Part title={t('letInTitle')}>
      <label class="labelled">
        <span class="label">{t('letInField')}</span>
        <input
          class="field"
          type="text"
          dir="auto"
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          value={typed}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
        <span class="hint">{t('letInHint')}</span>
      </label>
      {isId(wanted) ? (
        <div class="record">
          <span class="record-words">{t('letInById')}</span>
          <button type="button" class="button button-plain" onClick={() => letIn(wanted)}>
            {t('letIn')}
          </button>
        </div>
      ) : wanted === '' ? null : found.length === 0 ? (
        <p class="hint" role="status">
          {t('letInNobody')}
        </p>
      ) : (
        <ul class="records-list">
          {found.map((person) => (
            <PersonRow key={person.id} person={person} label={t('letIn')} onClick={() => letIn(person.id)} />
          ))}
        </ul>
      )}
    </Part>
  );
}

/** Contacts, the others of conversations, and those who are online in other rooms; not those who are here already. */
function peopleKnown({ people, conversations, session }: WidgetState, room: Id): readonly Person[] {
  const known = new Map<Id, Person>();
  if (people.phase === 'ready') for (const { person } of people.value.contacts) known.set(person.id, person);
  for (const { conversation, online } of conversations.values()) {
    if (conversation.with !== null) known.set(conversation.with.id, conversation.with);
    if (conversation.id !== room) for (const person of online.members) known.set(person.id, person);
  }
  for (const { id } of conversations.get(room)?.online.members ?? []) known.delete(id);
  if (session.phase === 'in') known.delete(session.me.id);
  return [...known.values()].filter(({ deleted }) => !deleted);
}

const fold = (text: string) => text.normalize('NFKD').replace(/\p{M}/gu, '').toLocaleLowerCase();

function Acts({ acts }: { acts: readonly AuditEntry[] }) {
  const t = useMore();
  return (
    <Part title={t('actsTitle')}>
      {acts.length === 0 ? (
        <p class="hint">{t('actsNone')}</p>
      ) : (
        <ol class="acts">
          {acts.map((entry) => (
            <li key={entry.id} class="act">
              <time class="act-time">{t.full(entry.at)}</time>
              <span>{sentenceOf(t, entry)}</span>
            </li>
          ))}
        </ol>
      )}
    </Part>
  );
}

const sentences = new Map([
  ['kick', 'act_kick'],
  ['ban', 'act_ban'],
  ['unban', 'act_unban'],
  ['mute', 'act_mute'],
  ['unmute', 'act_unmute'],
  ['let-in', 'act_letIn'],
  ['role', 'act_role'],
  ['settings', 'act_settings'],
  ['report-resolved', 'act_resolved'],
  ['report-dismissed', 'act_dismissed'],
  ['report-reopened', 'act_reopened'],
] as const);
/** Of acts whose detail is for people: how long, and why. */
const explained = new Set(['kick', 'ban', 'mute']);

function sentenceOf(t: MoreTranslator, { act, actor, person, detail }: AuditEntry): string {
  const values = { name: nameOf(t, actor), person: person === null ? '' : nameOf(t, person), act };
  const said = t(
    new Map<string, ReturnType<typeof sentences.get>>(sentences).get(act) ?? 'act_other',
    values,
  );
  return explained.has(act) && detail !== '' ? `${said} (${detail})` : said;
}

export const roomRecords: Chunk<Props> = { view: RoomRecordsSheet, css };
