import type { Contact, Id } from '@earshot/chat/contract';
import type { ComponentChildren } from 'preact';
import { useId, useState } from 'preact/hooks';
import { plainText } from '../store/format.ts';
import type { ConversationState } from '../store/state.ts';
import { Avatar, RoomAvatar } from './avatar.tsx';
import { useFixed, useSheet, useWidgetState } from './context.ts';
import { roomIcon } from './face.tsx';
import { Icon, type IconName } from './icons.tsx';
import { Invitations } from './invitations.tsx';
import { lazy } from './lazy.tsx';
import { Empty, Failure, Skeleton } from './parts.tsx';
import { Badge, Name } from './person-parts.tsx';
import { lineOf, nameOf, titleOf } from './words.ts';

/** For moderators. */
const ReportsEntry = lazy(async () => (await import('./rare/reports.tsx')).reportsEntry);
const NewRoom = lazy(async () => (await import('./rare/dialogs.tsx')).newRoom);

/** From this many entries on, one can filter them. */
const many = 8;

export interface HomeProps {
  /** The conversation beside the list. */
  current?: Id | undefined;
}

/** Who is there, what was said, and where one can go. */
export function Home({ current }: HomeProps) {
  const { people, conversations, config, session } = useWidgetState();
  const { t, actions, options } = useFixed();
  const [filter, setFilter] = useState('');
  const showSheet = useSheet();

  if (people.phase === 'failed') return <Failure problem={people.problem} onRetry={actions.retry} />;
  if (people.phase !== 'ready')
    return <Skeleton since={people.phase === 'loading' ? people.since : Date.now()} rows={6} />;

  const { contacts, invitations } = people.value;
  const wanted = fold(filter);
  const fits = (name: string) => fold(name).includes(wanted);
  const all = [...conversations.values()].sort((a, b) => lastAt(b) - lastAt(a));
  const open = all.filter(({ conversation }) => fits(titleOf(t, conversation)));
  const directs = open.filter(({ conversation }) => conversation.kind === 'direct');
  const rooms = open.filter(({ conversation }) => conversation.kind === 'room');
  const known = [...contacts].filter(({ person }) => fits(nameOf(t, person))).sort(byPresence);
  const online = known.filter((contact) => contact.online);
  const talked = new Set(all.map(({ conversation }) => conversation.with?.id));
  const others = known.filter(({ person, online }) => !online && !talked.has(person.id));
  const onlineIds = new Map(contacts.map((contact) => [contact.person.id, contact.online]));

  const facts = config.phase === 'ready' ? config.value : null;
  const names = new Set(all.map(({ conversation }) => conversation.name));
  const me = session.phase === 'in' ? session.me : null;
  const creation = facts?.roomCreation;
  const canCreate = me?.moderator || creation === 'everyone' || (creation === 'users' && me?.kind === 'user');
  const nothing = all.length === 0 && contacts.length === 0 && invitations.length === 0;

  return (
    <div class="home">
      <Invitations />
      {me?.moderator && <ReportsEntry />}
      {all.length + contacts.length > many && (
        <label class="filter">
          <Icon name="search" />
          <input
            class="filter-input"
            type="search"
            dir="auto"
            placeholder={t('filter')}
            aria-label={t('filter')}
            value={filter}
            onInput={(event) => setFilter(event.currentTarget.value)}
          />
        </label>
      )}
      {online.length > 0 && (
        <Section title={t('onlineNow')} count={online.length}>
          <ul class="faces">
            {online.map(({ person }) => (
              <li key={person.id}>
                <button type="button" class="face" onClick={() => actions.startConversation(person.id)}>
                  <Avatar person={person} online />
                  <bdi class="face-name">{nameOf(t, person)}</bdi>
                </button>
              </li>
            ))}
          </ul>
        </Section>
      )}
      {directs.length > 0 && (
        <Section title={t('conversations')}>
          <ul class="list">
            {directs.map((state) => (
              <ConversationRow
                key={state.conversation.id}
                state={state}
                online={onlineIds.get(state.conversation.with?.id ?? '')}
                current={state.conversation.id === current}
              />
            ))}
          </ul>
        </Section>
      )}
      {wanted === '' || rooms.length > 0 ? (
        <Section title={t('rooms')}>
          <ul class="list">
            {rooms.map((state) => (
              <ConversationRow
                key={state.conversation.id}
                state={state}
                current={state.conversation.id === current}
              />
            ))}
          </ul>
          {wanted === '' && (
            <div class="ways">
              {!names.has('lobby') && (
                <Way
                  icon="hash"
                  label={t('enterLobby')}
                  onClick={() => actions.enterRoom({ kind: 'lobby' })}
                />
              )}
              {facts?.pageRooms && options.mode !== 'page' && (
                <Way icon="page" label={t('enterPage')} onClick={() => actions.enterRoom({ kind: 'page' })} />
              )}
              {canCreate && <Way icon="plus" label={t('newRoom')} onClick={() => showSheet(<NewRoom />)} />}
            </div>
          )}
        </Section>
      ) : null}
      {others.length > 0 && (
        <Section title={t('contacts')}>
          <ul class="list">
            {others.map((contact) => (
              <ContactRow key={contact.person.id} contact={contact} />
            ))}
          </ul>
        </Section>
      )}
      {nothing && (
        <Empty icon="chat" title={t('emptyHomeTitle')}>
          {t('emptyHome')}
        </Empty>
      )}
      {wanted !== '' && open.length === 0 && known.length === 0 && (
        <Empty icon="search">{t('nothingFound', { text: filter })}</Empty>
      )}
    </div>
  );
}

function Section({ title, count, children }: { title: string; count?: number; children: ComponentChildren }) {
  const id = useId();
  const { t } = useFixed();
  return (
    <section class="section" aria-labelledby={id}>
      <h2 class="section-title" id={id}>
        {title}
        {count !== undefined && <span class="section-count">{t.number(count)}</span>}
      </h2>
      {children}
    </section>
  );
}

function Way({ icon, label, onClick }: { icon: IconName; label: string; onClick: () => void }) {
  return (
    <button type="button" class="way" onClick={onClick}>
      <Icon name={icon} />
      {label}
    </button>
  );
}

interface ConversationRowProps {
  state: ConversationState;
  /** Of the other one, when it is known. */
  online?: boolean | undefined;
  current: boolean;
}

function ConversationRow({ state, online, current }: ConversationRowProps) {
  const { conversation, draft } = state;
  const { t, actions } = useFixed();
  const { session } = useWidgetState();
  const me = session.phase === 'in' ? session.me.id : '';
  const { unread, mentions, notify } = conversation.me;
  const message = newest(state);
  const preview =
    draft.text !== ''
      ? t('draft', { text: draft.text })
      : message === null
        ? conversation.topic || t('noMessages')
        : said();

  function said(): string {
    if (message === null) return '';
    // The server leaves out what the blocked say.
    const text = lineOf(t, { ...message, text: plainText(message.text) }) || t('hiddenMessage');
    if (message.system !== null) return text;
    if (message.author.id === me) return t('youSaid', { text });
    return conversation.kind === 'room' ? t('personSaid', { name: nameOf(t, message.author), text }) : text;
  }

  return (
    <li>
      <button
        type="button"
        class={unread > 0 ? 'row row-unread' : 'row'}
        aria-current={current || undefined}
        onClick={() => actions.openConversation(conversation.id)}
      >
        {conversation.with === null ? (
          <RoomAvatar icon={roomIcon(conversation)} />
        ) : (
          <Avatar person={conversation.with} online={online} />
        )}
        <span class="row-words">
          <span class="row-top">
            <span class="row-title">
              {conversation.with === null ? (
                <bdi class="name-text">{titleOf(t, conversation)}</bdi>
              ) : (
                <Name person={conversation.with} />
              )}
            </span>
            {online !== undefined && <span class="visually-hidden">{t(online ? 'online' : 'offline')}</span>}
            {notify === 'none' && (
              <span class="row-mute" role="img" aria-label={t('muted')}>
                <Icon name="mute" />
              </span>
            )}
            {message !== null && <time class="row-time">{t.short(message.at)}</time>}
          </span>
          <span class="row-bottom">
            <span class="row-preview" dir="auto">
              {preview}
            </span>
            <Badge kind="mention" count={mentions} words={t('mentionsBadge', { n: mentions })} />
            <Badge count={unread} words={t('unread', { n: unread })} />
          </span>
        </span>
      </button>
    </li>
  );
}

function ContactRow({ contact: { person, online } }: { contact: Contact }) {
  const { t, actions } = useFixed();
  return (
    <li>
      <button type="button" class="row row-short" onClick={() => actions.startConversation(person.id)}>
        <Avatar person={person} online={online} />
        <span class="row-words">
          <span class="row-title">
            <Name person={person} />
          </span>
        </span>
        <span class="row-time">{t(online ? 'online' : 'offline')}</span>
      </button>
    </li>
  );
}

function newest({ timeline, conversation }: ConversationState) {
  const last =
    timeline.newer === 'newest' ? timeline.items.findLast((item) => item.type === 'message') : undefined;
  if (last?.type !== 'message') return conversation.lastMessage;
  return last.hidden ? { ...last.message, text: '', attachments: [] } : last.message;
}

const lastAt = (state: ConversationState) => newest(state)?.at ?? 0;

const fold = (text: string) => text.normalize('NFKD').replace(/\p{M}/gu, '').toLocaleLowerCase();

function byPresence(one: Contact, other: Contact): number {
  return Number(other.online) - Number(one.online) || one.person.name.localeCompare(other.person.name);
}
