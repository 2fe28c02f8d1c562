import type { Me, Message, Reaction } from '@earshot/chat/contract';
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { commandList } from '../store/commands.ts';
import type { CommandNote, PendingMessage, TimelineItem } from '../store/state.ts';
import { Avatar, voiceOf } from './avatar.tsx';
import { useFixed } from './context.ts';
import { Icon } from './icons.tsx';
import { lazyPart } from './lazy.tsx';
import { IconButton } from './parts.tsx';
import { Name } from './person-parts.tsx';
import { isJumbo, isLine, type Row, timeOf } from './rows.ts';
import { formatted } from './text.tsx';
import { nameOf, namesOf, problemText, systemText } from './words.ts';

const Attachments = lazyPart(async () => (await import('./rare/files.tsx')).attachments);
const PendingFiles = lazyPart(async () => (await import('./rare/files.tsx')).pendingFiles);

/** What can be done with messages; one object for the whole timeline. */
export interface MessageActs {
  react(message: Message, anchor: HTMLElement): void;
  more(message: Message, anchor: HTMLElement): void;
  reply(message: Message): void;
  toggle(message: Message, emoji: string): void;
  jump(seq: number): void;
  retry(key: string): void;
  discard(key: string): void;
}

export interface RowViewProps {
  row: Row;
  me: Me;
  direct: boolean;
  acts: MessageActs;
  /** Its toolbar is shown. */
  active: boolean;
  /** The one message that Tab reaches. */
  stop: boolean;
  /** The other one has read up to here. */
  receipt: 'read' | 'sent' | null;
  writable: boolean;
}

export function RowView(props: RowViewProps) {
  const { row } = props;
  const { t } = useFixed();
  const { item } = row;
  const at = timeOf(item);
  return (
    <li
      class={`entry entry-${kindOf(item)} ${row.first ? 'entry-first' : ''} ${row.last ? 'entry-last' : ''}`}
      data-key={item.key}
    >
      {row.day && (
        <p class="day">
          <time dateTime={new Date(at).toISOString()}>{t.day(at)}</time>
        </p>
      )}
      {row.stamp && <p class="stamp">{t.time(at)}</p>}
      {row.news && (
        <p class="news">
          <span>{t('newLine')}</span>
        </p>
      )}
      <Content {...props} />
    </li>
  );
}

const kindOf = (item: TimelineItem) =>
  item.type === 'message' && isLine(item.message)
    ? 'line'
    : item.type === 'pending' && item.pending.kind === 'action'
      ? 'line'
      : item.type;

function Content(props: RowViewProps) {
  const { t } = useFixed();
  const { item } = props.row;
  switch (item.type) {
    case 'presence':
      return <p class="line">{presenceText()}</p>;
    case 'note':
      return (
        <p class="line line-note" role="status">
          <Note note={item.note} />
        </p>
      );
    case 'pending':
      return <Pending item={item.pending} itemKey={item.key} {...props} />;
    case 'message':
      return <Said message={item.message} blocked={item.hidden} {...props} />;
  }

  function presenceText(): string {
    if (item.type !== 'presence') return '';
    const [joined, left] = [namesOf(t, item.joined), namesOf(t, item.left)];
    if (item.left.length === 0) return t('joined', { names: joined });
    if (item.joined.length === 0) return t('left', { names: left });
    return t('joinedAndLeft', { joined, left });
  }
}

function Note({ note }: { note: CommandNote }) {
  const { t } = useFixed();
  switch (note.kind) {
    case 'help':
      return <>{t('noteHelp', { commands: commandList })}</>;
    case 'unknown-command':
      return <>{t('noteUnknown', { command: note.command })}</>;
    case 'usage':
      return <>{t('noteUsage', { usage: note.usage })}</>;
    case 'problem':
      return <>{problemText(t, note.problem)}</>;
  }
}

function Said(props: RowViewProps & { message: Message; blocked: boolean }) {
  const { message, blocked, row, me, direct, acts, active, stop, receipt, writable } = props;
  const { t } = useFixed();
  const [shown, setShown] = useState(false);
  const mine = message.author.id === me.id;
  const key = row.item.key;
  const ids = { who: `who-${key}`, what: `what-${key}`, when: `when-${key}` };
  const when = (
    <time class="when" id={ids.when} dateTime={new Date(message.at).toISOString()} title={t.full(message.at)}>
      {t.time(message.at)}
    </time>
  );

  if (message.kind === 'system') {
    return (
      <p class="line line-system">
        {systemText(t, message)} {when}
      </p>
    );
  }
  if (blocked && !shown) {
    return (
      <p class="line line-hidden">
        {t('hiddenMessage')}{' '}
        <button type="button" class="text-button" onClick={() => setShown(true)}>
          {t('show')}
        </button>
      </p>
    );
  }
  if (message.kind === 'action') {
    return (
      <p class="line line-action" dir="auto">
        <b class={`voice-ink-${voiceOf(message.author.id)}`}>
          <bdi>{nameOf(t, message.author)}</bdi>
        </b>{' '}
        {formatted(message.text, me.name)} {when}
      </p>
    );
  }

  const gone = message.deletedAt !== null;
  const jumbo = !gone && message.replyTo === null && isJumbo(message.text);
  const withFace = !mine && !direct;
  return (
    <article
      class={`message ${mine ? 'message-mine' : 'message-theirs'} ${withFace ? 'message-faced' : ''} ${active ? 'is-active' : ''} ${message.mentions.includes(me.id) ? 'message-mentions' : ''}`}
      aria-labelledby={`${ids.who} ${ids.what} ${ids.when}`}
      tabIndex={stop ? 0 : -1}
      data-message={key}
    >
      {withFace && row.last && <Avatar person={message.author} />}
      <div class="message-stack">
        <p class={withFace && row.first ? 'who' : 'visually-hidden'} id={ids.who}>
          {mine ? t('you') : <Name person={message.author} />}
        </p>
        <div class={`bubble-line ${message.reactions.length > 0 ? 'has-reactions' : ''}`}>
          <div
            class={`bubble ${gone ? 'bubble-gone' : ''} ${jumbo ? 'bubble-jumbo' : ''}`}
            part={mine ? 'bubble bubble-mine' : 'bubble'}
            id={ids.what}
          >
            {gone ? (
              <p class="bubble-text">{t('deletedMessage')}</p>
            ) : (
              <>
                {message.replyTo && (
                  <Quote
                    name={nameOf(t, message.replyTo.author)}
                    excerpt={message.replyTo.excerpt}
                    onClick={() => acts.jump(message.replyTo?.seq ?? 0)}
                  />
                )}
                {message.attachments.length > 0 && <Attachments attachments={message.attachments} />}
                {message.text !== '' && (
                  <div class="bubble-text" dir="auto">
                    {formatted(message.text, me.name)}
                    {message.editedAt !== null && <span class="edited"> {t('edited')}</span>}
                  </div>
                )}
              </>
            )}
          </div>
          {when}
          {active && !gone && <Toolbar message={message} acts={acts} writable={writable} />}
        </div>
        {message.reactions.length > 0 && !gone && (
          <Reactions message={message} me={me} acts={acts} writable={writable} />
        )}
        {receipt !== null && (
          <p class="receipt">
            {receipt === 'read' && <Icon name="check" />}
            {t(receipt)}
          </p>
        )}
      </div>
    </article>
  );
}

function Toolbar({ message, acts, writable }: { message: Message; acts: MessageActs; writable: boolean }) {
  const { t } = useFixed();
  return (
    <div class="toolbar" role="toolbar" aria-label={t('messageActions')}>
      {writable && (
        <>
          <IconButton
            icon="smile"
            label={t('react')}
            popup="dialog"
            onClick={(event) => acts.react(message, event.currentTarget as HTMLElement)}
          />
          <IconButton icon="reply" class="arrow" label={t('reply')} onClick={() => acts.reply(message)} />
        </>
      )}
      <IconButton
        icon="more"
        label={t('moreActions')}
        popup="menu"
        onClick={(event) => acts.more(message, event.currentTarget as HTMLElement)}
      />
    </div>
  );
}

function Quote({ name, excerpt, onClick }: { name: string; excerpt: string; onClick?: () => void }) {
  const { t } = useFixed();
  const words = (
    <>
      <bdi class="quote-name">{name}</bdi>
      <span class="quote-text" dir="auto">
        {excerpt}
      </span>
    </>
  );
  if (!onClick) return <div class="quote">{words}</div>;
  return (
    <button type="button" class="quote quote-button" title={t('jumpToReplied', { name })} onClick={onClick}>
      <span class="visually-hidden">{t('replyTo', { name })}</span>
      {words}
    </button>
  );
}

function Reactions({
  message,
  me,
  acts,
  writable,
}: {
  message: Message;
  me: Me;
  acts: MessageActs;
  writable: boolean;
}) {
  const { t } = useFixed();
  return (
    <ul class="reactions" aria-label={t('reactions')}>
      {message.reactions.map((reaction: Reaction) => (
        <li key={reaction.emoji}>
          <button
            type="button"
            class="reaction"
            aria-pressed={reaction.users.includes(me.id)}
            aria-disabled={!writable}
            onClick={() => writable && acts.toggle(message, reaction.emoji)}
          >
            <span class="visually-hidden">
              {t('reactionOf', { emoji: reaction.emoji, n: reaction.count })}
            </span>
            <span aria-hidden="true">{reaction.emoji}</span>
            <span class="reaction-count" aria-hidden="true">
              {t.number(reaction.count)}
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}

function Pending({
  item,
  itemKey,
  row,
  me,
  stop,
  acts,
}: RowViewProps & { item: PendingMessage; itemKey: string }) {
  const { t } = useFixed();
  if (item.kind === 'action') {
    return (
      <p class="line line-action" dir="auto">
        <b>
          <bdi>{me.name}</bdi>
        </b>{' '}
        {formatted(item.text, me.name)} <State item={item} itemKey={itemKey} last acts={acts} />
      </p>
    );
  }
  return (
    <article
      class={`message message-mine message-${item.state}`}
      aria-labelledby={`who-${itemKey} what-${itemKey}`}
      tabIndex={stop ? 0 : -1}
      data-message={itemKey}
    >
      <div class="message-stack">
        <p class="visually-hidden" id={`who-${itemKey}`}>
          {t('you')}
        </p>
        <div class="bubble-line">
          <div
            class={isJumbo(item.text) && item.replyTo === null ? 'bubble bubble-jumbo' : 'bubble'}
            part="bubble bubble-mine"
            id={`what-${itemKey}`}
          >
            {item.replyTo && <Quote name={nameOf(t, item.replyTo.author)} excerpt={item.replyTo.text} />}
            {item.attachments.length > 0 && <PendingFiles files={item.attachments} />}
            {item.text !== '' && (
              <div class="bubble-text" dir="auto">
                {formatted(item.text, me.name)}
              </div>
            )}
          </div>
        </div>
        <State item={item} itemKey={itemKey} last={row.last} acts={acts} />
      </div>
    </article>
  );
}

function State({
  item,
  itemKey,
  last,
  acts,
}: {
  item: PendingMessage;
  itemKey: string;
  last: boolean;
  acts: MessageActs;
}): ComponentChildren {
  const { t } = useFixed();
  if (item.state !== 'failed') {
    if (!last && item.state === 'sending') return null;
    return (
      <span class="receipt">
        <Icon name="clock" />
        {t(item.state)}
      </span>
    );
  }
  return (
    <span class="receipt receipt-failed">
      <Icon name="alert" />
      <span>
        {t('failed')} {item.problem !== null && problemText(t, item.problem)}
      </span>{' '}
      <span class="receipt-acts">
        <button type="button" class="text-button" onClick={() => acts.retry(itemKey)}>
          {t('retry')}
        </button>
        <button type="button" class="text-button" onClick={() => acts.discard(itemKey)}>
          {t('discard')}
        </button>
      </span>
    </span>
  );
}
