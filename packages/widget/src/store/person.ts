import { type ChatConfig, type Id, limits, type Me, type ServerEvents } from '@earshot/chat/contract';
import type { AttentionPort } from '../attention/port.ts';
import { openSocket } from '../client/realtime.ts';
import type { Session } from '../client/session.ts';
import { createWire } from '../tabs/shared-wire.ts';
import type { Actions, RoomRequest } from './actions.ts';
import { createDrafting } from './drafting.ts';
import { createFollowing, type Following } from './following.ts';
import { createInbox, type Inbox } from './inbox.ts';
import { createKernel } from './kernel.ts';
import { readLayout, withClosed, withLowered, withOpened, writeLayout } from './layout.ts';
import { createLiveTyping } from './live-typing.ts';
import { createPresence } from './presence.ts';
import type { Rare } from './rare.ts';
import { createReading } from './reading.ts';
import { createSending, type Sending } from './sending.ts';
import type { Shell } from './shell.ts';
import type { Layout, Problem } from './state.ts';

/** What only somebody who is signed in can do. */
export type PersonActions = Omit<
  Actions,
  | 'open'
  | 'close'
  | 'show'
  | 'retry'
  | 'dismissNotice'
  | 'enterAsGuest'
  | 'signInWith'
  | 'signOut'
  | 'allowNotifications'
>;

/** Everything that there is while somebody is signed in. Loaded when somebody is about to be. */
export interface SignedIn {
  readonly actions: PersonActions;
  leads(): boolean;
  /** Tries at once what waits for its next try. */
  retry(): void;
  /** The layout or the conversations have changed: hears and keeps what is right now. */
  settle(): void;
  /** @param forget who it was has gone: what was open here is nobody's business any more */
  stop(forget: boolean): void;
}

export interface PersonParts {
  readonly session: Session;
  readonly config: ChatConfig;
  readonly app: string;
  readonly server: string;
  readonly room: RoomRequest | null;
  readonly attention: AttentionPort | null;
  ended(problem: Problem): void;
  signOut(): Promise<void>;
}

export function createPerson(shell: Shell, me: Me, parts: PersonParts): SignedIn {
  const kernel = createKernel(shell);
  const { env, api } = kernel;
  const { session, config, app, server, room, attention } = parts;
  const expecting = new Set<Id>();

  // ——— what is open, as it was before a reload

  const kept = readLayout(env.tab(), app);
  let roomDue = room !== null;
  setLayout(restored(kernel.state().layout));
  kernel.setMe(me);

  function restored(layout: Layout): Layout {
    const view = layout.view === 'sign-in' ? 'home' : layout.view;
    return kept === null ? { ...layout, view } : { ...kept, open: kept.open || layout.open };
  }

  function setLayout(layout: Layout): void {
    kernel.set({ layout });
  }

  const layout = () => kernel.state().layout;
  const open = (id: Id) => setLayout(withOpened(layout(), id));
  const close = (id: Id) => setLayout(withClosed(layout(), id));

  /** The room that the page asks for, once somebody has opened the widget. One that was closed before a reload stays closed. */
  async function enterRoomOfPage(): Promise<void> {
    if (room === null || !roomDue || !layout().open || kernel.state().people.phase !== 'ready') return;
    roomDue = false;
    const known = new Set(kernel.state().conversations.keys());
    const body = room.kind === 'page' ? ({ kind: 'page', url: env.page.address() } as const) : room;
    const { problem, value } = await api.call('POST /rooms/open', body);
    if (problem !== null) return kernel.problem(problem);
    kernel.put(value);
    // A report that was asked for stays in sight.
    if (layout().view !== 'reports' && (kept === null || !known.has(value.id))) open(value.id);
  }

  // ——— the parts

  const place = `earshot ${server} ${app} ${me.id}`;
  const renew = async () => {
    const token = await session.current();
    return token.problem === null ? session.renewed(token.value) : token;
  };
  const wire = createWire(
    env,
    place,
    (listener) => openSocket({ env, api, realtime: config.realtime, renew }, listener),
    {
      connection(connection, retryAt) {
        const was = kernel.state().connection;
        kernel.set({ connection, retryAt });
        if (connection !== 'online' || was === 'online') return;
        sending.now();
        following.retry();
      },
      ended: parts.ended,
    },
  );
  const following: Following = createFollowing(kernel, wire, {
    confirmed(conversation, id) {
      dropPreviews(conversation, id);
      sending.confirmed(conversation, id);
    },
    suspect: () => inbox.suspect(),
    roomHeard(id) {
      // A list that is loaded catches up by itself.
      if (kernel.conversation(id)?.timeline.older === 'unknown') inbox.refresh();
    },
    roomRefused: (conversation, { code }) => {
      const why = code === 'banned' ? code : code === 'not_found' ? 'closed' : 'kicked';
      removed({ conversation, why, until: null });
    },
    personChanged: (person) => inbox.personChanged(person),
  });
  const sending: Sending = createSending(kernel, following.arrived);
  const live = createLiveTyping(kernel, wire);
  const presence = createPresence(kernel, wire, live);
  const reading = createReading(kernel);
  const drafting = createDrafting(kernel, {
    sending,
    presence,
    arrived: following.arrived,
    run: (id, name, rest) => void withRare((rare) => rare.run(id, name, rest)),
  });
  const inbox: Inbox = createInbox(kernel, wire, me.id, following, {
    created({ id, with: other }) {
      if (other !== null && expecting.delete(other.id)) open(id);
    },
    removed,
    ready: () => void enterRoomOfPage(),
  });
  attention?.pushState().then(
    (push) => kernel.set({ notifications: { ...kernel.state().notifications, push } }),
    () => {}, // nothing to say of push, then
  );

  function removed({ conversation: id, why, until }: ServerEvents['removed']): void {
    if (why === 'left' || !layout().panels.some((panel) => panel.conversation === id)) {
      close(id);
      kernel.drop(id);
    } else kernel.change(id, (state) => ({ ...state, removed: { why, until } }));
  }

  function dropPreviews(conversation: Id, id: string): void {
    const { items } = kernel.conversation(conversation)?.timeline ?? { items: [] };
    const item = items.find((one) => one.key === id);
    if (item?.type !== 'pending') return;
    for (const { preview } of item.pending.attachments) {
      // The picture is on the screen until the one of the server has come.
      if (preview !== null) env.after(limits.typingExpiresMs, () => env.page.dropPreview(preview));
    }
  }

  // ——— what is done now and then

  let rare: Promise<Rare> | null = null;
  let stopped = false;
  async function withRare(use: (rare: Rare) => unknown): Promise<void> {
    if (rare === null) {
      rare = import('./rare.ts').then(({ createRare }) =>
        createRare(kernel, {
          open,
          close,
          jumpTo: following.jumpTo,
          arrived: following.arrived,
          refresh: inbox.refreshBlocks,
          expecting,
          attention,
          signOut: parts.signOut,
        }),
      );
    }
    let loaded: Rare;
    try {
      loaded = await rare;
    } catch {
      rare = null; // the next click tries again
      return kernel.problem({ code: 'network' });
    }
    if (!stopped) await use(loaded);
  }

  const rarely =
    <Name extends keyof Rare['actions']>(name: Name) =>
    (...given: unknown[]): Promise<void> =>
      withRare((loaded) => (loaded.actions[name] as (...rest: unknown[]) => Promise<void>)(...given));

  const rareActions = Object.fromEntries(rareNames.map((name) => [name, rarely(name)])) as Rare['actions'];

  return {
    actions: {
      ...rareActions,
      openReport(id) {
        setLayout({ ...layout(), open: true, view: 'reports', focused: null });
        return rareActions.openReport(id);
      },
      openConversation: open,
      lowerConversation: (id) => setLayout(withLowered(layout(), id, true)),
      raiseConversation: (id) => setLayout(withLowered(layout(), id, false)),
      closeConversation(id) {
        close(id);
        if (kernel.conversation(id)?.removed) kernel.drop(id);
      },
      setDraft: drafting.setText,
      send: drafting.send,
      startReply: drafting.startReply,
      startEdit: drafting.startEdit,
      stopReplyOrEdit: drafting.stopReplyOrEdit,
      addFiles: (id, files) => void withRare((loaded) => loaded.files.add(id, files)),
      removeFile: (id, key) => void withRare((loaded) => loaded.files.remove(id, key)),
      retrySend: sending.retry,
      discardPending: sending.discard,
      startLive: live.start,
      endLive: live.end,
      loadOlder: following.loadOlder,
      loadNewer: following.loadNewer,
      jumpToNewest: following.jumpToNewest,
      jumpTo: following.jumpTo,
      renewFiles: following.renew,
      markRead: reading.read,
    },
    leads: wire.leads,
    retry() {
      wire.tryNow();
      sending.now();
      following.retry();
      if (kernel.state().people.phase === 'failed') inbox.refresh();
      for (const [id, { problem }] of kernel.state().conversations) {
        if (problem === null) continue;
        kernel.change(id, (state) => ({ ...state, problem: null }));
        following.load(id);
      }
    },
    settle() {
      writeLayout(env.tab(), app, layout());
      following.settle();
      presence.settle();
      live.settle();
      for (const { conversation, lowered } of layout().open ? layout().panels : []) {
        const state = kernel.conversation(conversation);
        if (!lowered && state?.removed === null && state.timeline.older === 'unknown') {
          following.load(conversation);
        }
      }
      void enterRoomOfPage();
    },
    stop(forget) {
      stopped = true;
      if (forget) writeLayout(env.tab(), app, null);
      for (const part of [inbox, presence, live, following, sending, reading, wire]) part.stop();
      rare?.then(
        ({ files }) => files.stop(),
        () => {}, // never loaded, nothing to end
      );
    },
  };
}

const rareNames = [
  'rename',
  'setInvisible',
  'setPreferences',
  'exportMine',
  'eraseMe',
  'startConversation',
  'acceptInvitation',
  'declineInvitation',
  'cancelInvitation',
  'removeContact',
  'block',
  'unblock',
  'importContacts',
  'report',
  'enterRoom',
  'createRoom',
  'leaveConversation',
  'setTopic',
  'setRoom',
  'moderate',
  'setRole',
  'setNotify',
  'deleteMessage',
  'react',
  'enablePush',
  'disablePush',
  'loadRoomRecords',
  'loadReports',
  'openReport',
  'closeReport',
  'decideReport',
  'visitReported',
  'loadSessions',
  'endSession',
  'copied',
] as const satisfies readonly (keyof Rare['actions'])[];
