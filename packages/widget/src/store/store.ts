import type { ChatConfig, Id, Me } from '@earshot/chat/contract';
import type { AttentionPort } from '../attention/port.ts';
import type { Answer } from '../client/answer.ts';
import { createApi, createSend } from '../client/api.ts';
import { browserEnv } from '../client/browser-env.ts';
import type { Env, Pending } from '../client/env.ts';
import { askProvider, makeProof, type Proof } from '../client/popup.ts';
import { createSession, type HostUser } from '../client/session.ts';
import type { Actions, RoomRequest, Store } from './actions.ts';
import { createKernel } from './kernel.ts';
import { closedLayout, readLayout, withClosed, withLowered, withOpened, writeLayout } from './layout.ts';
import { createPerson, type PersonParts } from './person.ts';
import type { Layout, Problem, SessionState, WidgetState } from './state.ts';

export interface StoreOptions {
  /** The app's public key. */
  readonly app: string;
  /** Address of the chat server, without a slash at the end. */
  readonly server: string;
  /** Which room is entered when the widget is opened; null: none. */
  readonly room: RoomRequest | null;
  /** A token of the host site, or how to get a fresh one. */
  readonly user: HostUser | null;
  /** What the browser lets the page do to be noticed; null: nothing. */
  readonly attention?: AttentionPort | null;
  readonly env?: Env;
}

/** The store, and what its page does with it beside what a person does. */
export interface ChatStore extends Store {
  /**
   * Takes up what there was before: who is known is connected when the page is idle, what was open in this tab opens again. A
   * stranger causes nothing.
   */
  start(): void;
  /** The host site has another user now, or nobody. */
  identify(user: HostUser | null): void;
  /** This tab does what is to be done once for all tabs of the browser: sound, notifications. */
  leads(): boolean;
  /** Ends everything; the state stays as it is. */
  stop(): void;
}

const longestWaitMs = 60_000;

const nobody: SessionState & { phase: 'none' } = { phase: 'none', problem: null, lastName: '' };

/** Makes the store. Nothing happens until `start` or an action. */
export function createStore(options: StoreOptions): ChatStore {
  const env = options.env ?? browserEnv();
  const { app, server, attention = null } = options;
  const base = `${server}/chat/api/v1`;
  const listeners = new Set<() => void>();
  const send = createSend(env, base);
  const session = createSession(env, send, { app, user: options.user }, { ended, elsewhere });
  const kernel = createKernel(env, createApi(env, base, send, session), firstState(), changed);
  const ends: (() => void)[] = [];

  let person: PersonParts | null = null;
  /** Counts up whenever who I am begins to change: what belongs to before is dropped. */
  let era = 0;
  let proof: Proof | null = null;
  let asking: Promise<ChatConfig | null> | null = null;
  let configTimer: Pending | null = null;
  let entryTimer: Pending | null = null;
  let tries = 0;
  /** The layout came from before a reload: what was closed stays closed. */
  let restored = false;
  let roomDue = options.room !== null;
  let stopped = false;

  // ——— telling

  let telling = false;
  let settled: Partial<Pick<WidgetState, 'layout' | 'conversations'>> = {};
  function changed(): void {
    if (telling) return;
    telling = true;
    Promise.resolve().then(() => {
      telling = false;
      if (stopped) return;
      const { layout, conversations } = kernel.state();
      if (settled.layout !== layout || settled.conversations !== conversations) {
        settled = { layout, conversations };
        person?.settle();
      }
      for (const listener of listeners) listener();
    });
  }

  function setLayout(layout: Layout): void {
    if (layout === kernel.state().layout) return;
    kernel.set({ layout });
    // Only of somebody who has entered; strangers leave no trace.
    if (kernel.me() !== null) writeLayout(env.tab(), app, layout);
  }

  // ——— the chat's public facts

  function ensureConfig(): Promise<ChatConfig | null> {
    const { config } = kernel.state();
    if (config.phase === 'ready') return Promise.resolve(config.value);
    if (asking === null) {
      asking = askConfig().finally(() => {
        asking = null;
      });
    }
    return asking;
  }

  async function askConfig(): Promise<ChatConfig | null> {
    configTimer?.cancel();
    kernel.set({ config: { phase: 'loading', since: env.now() } });
    const { problem, value } = await send('GET /config', [], { app });
    if (stopped) return null;
    if (problem === null) {
      tries = 0;
      kernel.set({ config: { phase: 'ready', value } });
      if (value.providers.length > 0) proof = await makeProof(env);
      return value;
    }
    const again = problem.code !== 'chat_off' && problem.code !== 'origin_refused';
    const ms = Math.min(1_000 * 2 ** ++tries, longestWaitMs) * (0.75 + env.random() / 2);
    if (again && kernel.state().layout.open) configTimer = env.after(ms, () => void begin());
    const retryAt = configTimer === null ? null : env.now() + ms;
    kernel.set({ config: { phase: 'failed', problem, retryAt } });
    return null;
  }

  // ——— who I am

  /** Asks for what is needed, and enters who is known. */
  async function begin(): Promise<void> {
    const { phase } = kernel.state().session;
    if (phase !== 'none') return void ensureConfig();
    const how = session.known();
    if (how === null) return void ensureConfig();
    await enter(how, () => session.resume());
  }

  async function enter(
    how: string,
    ask: () => Promise<Answer<Me> | null>,
    lastName = '',
  ): Promise<Problem | null> {
    const mine = ++era;
    entryTimer?.cancel();
    if (person === null) kernel.set({ session: { phase: 'entering', how } });
    const [answer, config] = await Promise.all([ask(), ensureConfig()]);
    if (mine !== era || stopped) return null;
    const { config: state } = kernel.state();
    const problem =
      answer === null
        ? null
        : (answer.problem ?? (config === null && state.phase === 'failed' ? state.problem : null));
    if (answer === null || problem !== null || config === null) {
      if (person === null) kernel.set({ session: { ...nobody, problem, lastName } });
      // Who is known is tried again, as a connection is.
      if (problem !== null && (how === 'host' || how === 'kept') && isPassing(problem)) {
        const ms = Math.min(2_000 * 2 ** ++tries, longestWaitMs) * (0.75 + env.random() / 2);
        entryTimer = env.after(ms, () => void begin());
      }
      return problem;
    }
    tries = 0;
    come(answer.value as Me, config);
    return null;
  }

  function come(me: Me, config: ChatConfig): void {
    const { layout } = kernel.state();
    if (person !== null) go(nobody); // a guest who is somebody now, with the same conversations
    kernel.set({
      session: { phase: 'in', me },
      connection: 'connecting',
      people: { phase: 'loading', since: env.now() },
      layout: { ...layout, view: layout.view === 'sign-in' ? 'home' : layout.view },
    });
    const place = `${server} ${app}`;
    person = createPerson(kernel, session, config, place, me.id, {
      open: openConversation,
      close: (id) => setLayout(withClosed(kernel.state().layout, id)),
      ready: enterHostRoom,
      ended,
    });
    person.settle();
    attention?.pushState().then(
      (push) => setNotifications({ push }),
      () => {},
    );
  }

  /** Nobody is signed in here any more. */
  function go(to: SessionState): void {
    person?.stop();
    person = null;
    roomDue = options.room !== null;
    writeLayout(env.tab(), app, null);
    kernel.set({
      session: to,
      connection: 'off',
      retryAt: null,
      people: { phase: 'none' },
      conversations: new Map(),
      layout: { ...closedLayout, open: kernel.state().layout.open },
    });
  }

  function ended(problem: Problem): void {
    era++;
    go({ phase: 'ended', problem });
  }

  function elsewhere(user: Id | null): void {
    era++;
    go(nobody);
    if (user !== null) void begin();
  }

  /** The room that the page asks for, once somebody has opened the widget. */
  async function enterHostRoom(): Promise<void> {
    const { room } = options;
    const { layout, people, conversations } = kernel.state();
    if (room === null || !roomDue || !layout.open || people.phase !== 'ready') return;
    roomDue = false;
    const known = new Set(conversations.keys());
    const body = room.kind === 'page' ? ({ kind: 'page', url: env.page.address() } as const) : room;
    const { problem, value } = await kernel.api.call('POST /rooms/open', body);
    if (problem !== null) return kernel.problem(problem);
    kernel.put(value);
    if (!restored || !known.has(value.id)) openConversation(value.id);
  }

  // ——— what is open

  function openConversation(id: Id): void {
    setLayout(withOpened(kernel.state().layout, id));
  }

  function open(): void {
    setLayout({ ...kernel.state().layout, open: true });
    void begin();
    void enterHostRoom();
  }

  function setNotifications(change: Partial<WidgetState['notifications']>): void {
    kernel.set({ notifications: { ...kernel.state().notifications, ...change } });
  }

  const none = async () => {};
  const act =
    <Name extends keyof PersonParts['acts']>(name: Name) =>
    (...rest: Parameters<Actions[Name]>): Promise<void> => {
      const run = person?.acts[name] as ((...given: unknown[]) => Promise<void>) | undefined;
      return run === undefined ? none() : run(...rest);
    };

  const actions: Actions = {
    open,
    close: () => setLayout({ ...kernel.state().layout, open: false, focused: null }),
    show: (view) => setLayout({ ...kernel.state().layout, view, focused: null }),
    openConversation,
    lowerConversation: (id) => setLayout(withLowered(kernel.state().layout, id, true)),
    raiseConversation: (id) => setLayout(withLowered(kernel.state().layout, id, false)),
    closeConversation: (id) => {
      setLayout(withClosed(kernel.state().layout, id));
      if (kernel.conversation(id)?.removed) kernel.drop(id);
    },
    retry() {
      const { conversations, people, config } = kernel.state();
      if (config.phase === 'failed' || person === null) void begin();
      if (person === null) return;
      person.wire.tryNow();
      person.sending.now();
      person.following.retry();
      if (people.phase === 'failed') person.inbox.refresh();
      for (const [id, { problem }] of conversations) {
        if (problem === null) continue;
        kernel.change(id, (state) => ({ ...state, problem: null }));
        person.following.load(id);
      }
    },
    dismissNotice: kernel.dismiss,

    async enterAsGuest(name) {
      await enter('guest', () => session.guest(name), name);
    },
    async signInWith(provider, mastodon) {
      const made = proof;
      if (made === null) return void showProblem({ code: 'unsupported' });
      // In the click itself, before anything is waited for: else browsers refuse the window.
      const asked = askProvider(
        env,
        server,
        { app, provider, ...(mastodon === undefined ? {} : { server: mastodon }) },
        made,
      );
      proof = null;
      void makeProof(env).then((next) => {
        proof = next;
      });
      const { problem, value: code } = await asked;
      if (problem !== null) return void showProblem(problem);
      if (code === null) return;
      const wrong = await enter(provider, () => session.provider(code, made.verifier));
      if (wrong !== null) showProblem(wrong);
    },
    async signOut() {
      era++;
      const left = session.leave();
      go(nobody);
      await left;
    },
    rename: act('rename'),
    setInvisible: act('setInvisible'),
    setPreferences: act('setPreferences'),
    exportMine: act('exportMine'),
    async eraseMe() {
      const { problem } = await kernel.api.call('DELETE /me', { confirm: 'erase' });
      if (problem !== null) return kernel.problem(problem);
      await actions.signOut();
      kernel.done('erased');
    },

    startConversation: act('startConversation'),
    acceptInvitation: act('acceptInvitation'),
    declineInvitation: act('declineInvitation'),
    cancelInvitation: act('cancelInvitation'),
    removeContact: act('removeContact'),
    block: act('block'),
    unblock: act('unblock'),
    importContacts: act('importContacts'),
    report: act('report'),

    enterRoom: act('enterRoom'),
    createRoom: act('createRoom'),
    leaveConversation: act('leaveConversation'),
    setTopic: act('setTopic'),
    setRoom: act('setRoom'),
    moderate: act('moderate'),
    setRole: act('setRole'),
    setNotify: act('setNotify'),

    setDraft: (id, text) => person?.drafting.setText(id, text),
    send: (id) => person?.drafting.send(id),
    retrySend: (id, key) => person?.sending.retry(id, key),
    discardPending: (id, key) => person?.sending.discard(id, key),
    addFiles: (id, files) => person?.drafting.addFiles(id, files),
    removeFile: (id, key) => person?.drafting.removeFile(id, key),
    startReply: (id, message) => person?.drafting.startReply(id, message),
    startEdit: (id, message) => person?.drafting.startEdit(id, message),
    stopReplyOrEdit: (id) => person?.drafting.stopReplyOrEdit(id),
    deleteMessage: act('deleteMessage'),
    react: act('react'),
    loadOlder: (id) => person?.following.loadOlder(id),
    loadNewer: (id) => person?.following.loadNewer(id),
    jumpToNewest: (id) => person?.following.jumpToNewest(id),
    jumpTo: (id, seq) => person?.following.jumpTo(id, seq),
    markRead: (id, seq) => person?.reading.read(id, seq),
    renewFiles: (id, seq) => void person?.following.renew(id, seq),

    async allowNotifications() {
      if (attention !== null) setNotifications({ permission: await attention.ask() });
    },
    async enablePush() {
      const { config } = kernel.state();
      if (attention === null || config.phase !== 'ready') return;
      try {
        const permission = await attention.ask();
        setNotifications({ permission });
        if (permission !== 'granted') return;
        const body = await attention.subscribe(config.value.pushKey);
        const { problem } = await kernel.api.call('PUT /push/subscription', body);
        setNotifications({ push: problem === null ? 'on' : 'failed' });
        if (problem === null) kernel.done('push');
        else kernel.problem(problem);
      } catch {
        setNotifications({ push: 'failed' }); // the browser or its push service refused
      }
    },
    async disablePush() {
      if (attention === null) return;
      await attention.unsubscribe().catch(() => null); // the server's row is what counts
      const { problem } = await kernel.api.call('DELETE /push/subscription');
      setNotifications({ push: problem === null ? 'off' : 'failed' });
    },
  };

  /** Where signing in is shown, or in a notice to who is somebody already. */
  function showProblem(problem: Problem): void {
    if (person !== null) kernel.problem(problem);
    else kernel.set({ session: { ...nobody, problem } });
  }

  function firstState(): WidgetState {
    return {
      config: { phase: 'none' },
      session: nobody,
      connection: 'off',
      retryAt: null,
      people: { phase: 'none' },
      conversations: new Map(),
      layout: closedLayout,
      unread: 0,
      notifications: { permission: attention?.permission() ?? 'unsupported', push: 'off', sound: true },
      notices: [],
    };
  }

  return {
    get state() {
      return kernel.state();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    actions,
    start() {
      const waiting = env.idle(() => {
        if (stopped || session.known() === null) return;
        const layout = readLayout(env.tab(), app);
        if (layout !== null && person === null) {
          restored = true;
          kernel.set({ layout: { ...layout, open: layout.open || kernel.state().layout.open } });
        }
        void begin();
      });
      ends.push(
        () => waiting.cancel(),
        // Waiting for the next try makes no sense once there is a network.
        env.page.on('online', () => {
          if (entryTimer !== null || configTimer !== null) void begin();
        }),
      );
    },
    identify(user) {
      session.identify(user);
      era++;
      if (kernel.state().session.phase !== 'none') go(nobody);
      void begin();
    },
    leads: () => person?.wire.leads() ?? false,
    stop() {
      stopped = true;
      era++;
      person?.stop();
      session.stop();
      configTimer?.cancel();
      entryTimer?.cancel();
      for (const end of ends) end();
      listeners.clear();
    },
  };
}

/** Trying again may help. */
function isPassing({ code }: Problem): boolean {
  return ['network', 'internal', 'unavailable', 'too_many_requests'].includes(code);
}
