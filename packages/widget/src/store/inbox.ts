import {
  type Id,
  type Invitation,
  inboxOf,
  type ServerEventName,
  type ServerEvents,
  type State,
} from '@earshot/chat/contract';
import { mayHaveHappened } from '../client/answer.ts';
import type { Pending } from '../client/env.ts';
import type { Wire } from '../tabs/wire.ts';
import { withCursor } from './conversations.ts';
import type { Following } from './following.ts';
import type { Kernel } from './kernel.ts';
import { withRenamed } from './online.ts';
import {
  withContact,
  withExpired,
  withImport,
  withInvitation,
  withoutContact,
  withPerson,
  withStatus,
} from './people.ts';
import type { ConversationState, PeopleState } from './state.ts';
import { withAuthor, withHidden } from './timeline.ts';

/** Several reasons to ask for the state within this time are one. */
const gatherMs = 150;
/** What was suspected may be cleared up by what is on its way. */
const suspectMs = 1_000;

/** My inbox, and the state that is asked for once it is heard: what comes in between is applied after it. */
export interface Inbox {
  /** The state may be wrong: asks for it again. */
  refresh(): void;
  suspect(): void;
  /** Asks anew whom I have blocked. */
  refreshBlocks(): void;
  personChanged(person: ServerEvents['person_changed']['person']): void;
  stop(): void;
}

export interface InboxHooks {
  /** A conversation came to be, and I may have been waiting for it. */
  created(conversation: ServerEvents['create_chat']['conversation']): void;
  removed(event: ServerEvents['removed']): void;
  /** For the first time since somebody came in. */
  ready(): void;
}

export function createInbox(
  kernel: Kernel,
  wire: Wire,
  me: string,
  following: Following,
  hooks: InboxHooks,
): Inbox {
  const { env, api } = kernel;
  /** What came while the state was being asked for; null: it is not. */
  let meanwhile: (() => void)[] | null = null;
  let timer: Pending | null = null;
  let dueAt = Number.POSITIVE_INFINITY;
  let expiry: Pending | null = null;
  let tries = 0;
  let heard = false;
  let stopped = false;
  /** Our clock minus the server's. */
  let ahead = 0;
  const byOurClock = (one: Invitation): Invitation => ({ ...one, expiresAt: one.expiresAt + ahead });

  const handlers: { [Name in ServerEventName]?: (event: ServerEvents[Name]) => void } = {
    new_message: ({ message }) => following.arrived(message),
    message_changed: ({ message }) => following.arrived(message),
    mention: ({ message }) => following.arrived(message),
    changed: ({ conversation, change }) => following.changed(conversation, change),
    friend_status: (status) => kernel.changePeople((people) => withStatus(people, status)),
    contact_changed: ({ contact }) => kernel.changePeople((people) => withContact(people, contact)),
    contact_removed: ({ person }) => kernel.changePeople((people) => withoutContact(people, person)),
    'one-to-one-chat-request': ({ invitation }) => {
      kernel.changePeople((people) => withInvitation(people, byOurClock(invitation)));
      watchExpiry();
    },
    'one-to-one-chat-answered': ({ invitation }) => {
      kernel.changePeople((people) => withInvitation(people, invitation));
      watchExpiry();
    },
    create_chat: ({ conversation }) => {
      kernel.put(conversation);
      hooks.created(conversation);
    },
    removed: hooks.removed,
    cursor: ({ conversation, seq, unread, mentions }) =>
      kernel.change(conversation, (state) => ({
        ...state,
        conversation: withCursor(state.conversation, seq, { unread, mentions }),
      })),
    read: ({ conversation, seq }) =>
      kernel.change(conversation, (state) => {
        const readByOther = Math.max(state.conversation.readByOther ?? 0, seq);
        return { ...state, conversation: { ...state.conversation, readByOther } };
      }),
    person_changed: ({ person }) => personChanged(person),
    blocks_changed: refreshBlocks,
    me_changed: ({ me: changed }) => kernel.setMe(changed),
    import_progress: ({ job }) => {
      kernel.changePeople((people) => withImport(people, job));
      if (job.state === 'done') refresh();
    },
  };

  const letGo = wire.hold(inboxOf(me), {
    subscribed() {
      following.catchUpDirects();
      // The first time there is nothing yet to wait for.
      soon(heard ? gatherMs : 0);
      heard = true;
    },
    event(name, data) {
      const handle = handlers[name as ServerEventName] as ((event: unknown) => void) | undefined;
      if (handle === undefined) return;
      meanwhile?.push(() => handle(data));
      handle(data);
    },
  });

  function personChanged(person: ServerEvents['person_changed']['person']): void {
    kernel.changePeople((people) => withPerson(people, person));
    for (const [id, { conversation }] of kernel.state().conversations) {
      kernel.change(id, (state) => ({
        ...state,
        conversation:
          conversation.with?.id === person.id ? { ...state.conversation, with: person } : state.conversation,
        timeline: withAuthor(state.timeline, person),
        online: withRenamed(state.online, person),
      }));
    }
  }

  async function refreshBlocks(): Promise<void> {
    const { value } = await api.call('GET /blocks');
    if (stopped || value === null) return;
    kernel.changePeople((people) => ({ ...people, blocked: value.blocked }));
    hide();
    refresh();
  }

  function hide(): void {
    for (const id of kernel.state().conversations.keys()) {
      kernel.change(id, (state) => ({ ...state, timeline: withHidden(state.timeline, kernel.reader()) }));
    }
  }

  /** Invitations end by themselves, on either side. */
  function watchExpiry(): void {
    expiry?.cancel();
    const { people } = kernel.state();
    if (people.phase !== 'ready' || people.value.invitations.length === 0) return;
    const next = Math.min(...people.value.invitations.map(({ expiresAt }) => expiresAt));
    expiry = env.after(Math.max(next - env.now(), 0) + 500, () => {
      kernel.changePeople((known) => withExpired(known, env.now()));
      watchExpiry();
    });
  }

  function soon(ms: number): void {
    if (stopped) return;
    const at = env.now() + ms;
    if (timer !== null && dueAt <= at && ms > gatherMs) return;
    timer?.cancel();
    dueAt = at;
    timer = env.after(ms, () => {
      timer = null;
      fetchState();
    });
  }

  function refresh(): void {
    soon(gatherMs);
  }

  async function fetchState(): Promise<void> {
    if (meanwhile !== null) return soon(gatherMs);
    const waiting: (() => void)[] = [];
    meanwhile = waiting;
    const { people, conversations } = kernel.state();
    if (people.phase !== 'ready') kernel.set({ people: { phase: 'loading', since: env.now() } });
    const { problem, value } = await api.call('GET /state');
    meanwhile = null;
    if (stopped) return;
    if (problem !== null) return failed(problem);
    tries = 0;
    const isFirst = kernel.state().people.phase !== 'ready';
    take(value, conversations);
    for (const happened of waiting) happened();
    if (isFirst) hooks.ready();
  }

  function failed(problem: NonNullable<Awaited<ReturnType<typeof api.call>>['problem']>): void {
    const again = mayHaveHappened(problem) || problem.code === 'too_many_requests';
    const seconds = Math.max(problem.retryAfterSeconds ?? 0, Math.min(2 ** tries++, 30));
    if (again) soon(seconds * 1_000 * (0.75 + env.random() / 2));
    if (kernel.state().people.phase !== 'ready') {
      const retryAt = again ? dueAt : null;
      kernel.set({ people: { phase: 'failed', problem, retryAt } });
    }
  }

  /** @param before conversations that were known when the state was asked for */
  function take(state: State, before: ReadonlyMap<Id, ConversationState>): void {
    const { me: mine, contacts, blocked, invitations, conversations, imports } = state;
    // The server's clock counts for what ends: ours may be wrong.
    ahead = env.now() - state.now;
    const open = invitations.map(byOurClock);
    const known = kernel.state().people;
    const knew = known.phase === 'ready' ? known.value.contacts : [];
    let people: PeopleState = { contacts, blocked, invitations: open, imports };
    for (const { person, online, statusVersion } of knew) {
      const now = contacts.find((contact) => contact.person.id === person.id);
      if (now === undefined || now.statusVersion >= statusVersion) continue;
      people = withStatus(people, { person: now.person, online, statusVersion });
    }
    kernel.setMe(mine);
    kernel.set({ people: { phase: 'ready', value: people } });
    for (const conversation of conversations) kernel.put(conversation);
    const still = new Set(conversations.map(({ id }) => id));
    for (const [id, { removed }] of kernel.state().conversations) {
      // Gone without our hearing of it; the answer is cut at 200, which says nothing about older ones.
      if (!still.has(id) && before.has(id) && removed === null && conversations.length < 200) {
        hooks.removed({ conversation: id, why: 'closed', until: null });
      }
    }
    hide();
    watchExpiry();
    for (const [id, { conversation, timeline }] of kernel.state().conversations) {
      if (timeline.items.length > 0) following.changed(id, conversation.lastChange);
    }
  }

  return {
    refresh,
    refreshBlocks,
    suspect: () => soon(suspectMs),
    personChanged,
    stop() {
      stopped = true;
      letGo();
      timer?.cancel();
      expiry?.cancel();
    },
  };
}
