import type { ChatConfig, Id, Me } from '@earshot/chat/contract';
import type { AttentionPort } from '../attention/port.ts';
import type { Answer } from '../client/answer.ts';
import { createApi, createSend } from '../client/api.ts';
import { browserEnv } from '../client/browser-env.ts';
import type { Env, Pending } from '../client/env.ts';
import { createSession, type HostUser } from '../client/session.ts';
import type { Actions, RoomRequest, Store } from './actions.ts';
import type { PersonActions, SignedIn } from './person.ts';
import { createShell } from './shell.ts';
import type { Layout, Problem, SessionState, WidgetState } from './state.ts';

type PersonModule = Pick<typeof import('./person.ts'), 'createPerson'>;
type PopupModule = typeof import('../client/popup.ts');

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
  /** Fetches what only somebody who is signed in needs, the realtime client included. */
  readonly loadPerson: () => Promise<PersonModule>;
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

/** What is done once somebody is there. */
const reminded: ReadonlySet<string> = new Set(['openConversation', 'enterRoom', 'openReport']);

const nobody: SessionState & { phase: 'none' } = { phase: 'none', problem: null, lastName: '' };
const closed: Layout = { open: false, view: 'home', panels: [], focused: null };

/** Makes the store. Nothing happens until `start` or an action. */
export function createStore(options: StoreOptions): ChatStore {
  const env = options.env ?? browserEnv();
  const { app, server, room, attention = null } = options;
  const base = `${server}/chat/api/v1`;
  const listeners = new Set<() => void>();
  const send = createSend(env, base);
  const session = createSession(env, send, { app, user: options.user }, { ended, elsewhere });
  const shell = createShell(env, createApi(env, base, send, session), firstState(), changed);

  let person: SignedIn | null = null;
  /** Counts up whenever who I am begins to change: what belongs to before is dropped. */
  let era = 0;
  let module: Promise<PersonModule> | null = null;
  let popup: PopupModule | null = null;
  let proof: Awaited<ReturnType<PopupModule['makeProof']>> = null;
  let asking: Promise<ChatConfig | null> | null = null;
  let configTimer: Pending | null = null;
  let entryTimer: Pending | null = null;
  let tries = 0;
  /** What was asked for before there was somebody to do it. */
  let early: ((by: SignedIn) => void) | null = null;
  let ends: (() => void)[] = [];
  let stopped = false;

  // ——— telling

  let telling = false;
  let settled: WidgetState = shell.state();
  function changed(): void {
    if (telling) return;
    telling = true;
    Promise.resolve().then(() => {
      telling = false;
      if (stopped) return;
      const state = shell.state();
      const moved = settled.layout !== state.layout || settled.conversations !== state.conversations;
      settled = state;
      if (moved) person?.settle();
      for (const listener of listeners) listener();
    });
  }

  function setLayout(change: Partial<Layout>): void {
    shell.set({ layout: { ...shell.state().layout, ...change } });
  }

  // ——— what is loaded when it is about to be needed

  async function loadPerson(): Promise<PersonModule | null> {
    if (module === null) module = options.loadPerson();
    try {
      return await module;
    } catch {
      module = null; // the next try asks again
      return null;
    }
  }

  /** The provider's window opens in a click, so all that it takes is there before. */
  async function preparePopup(): Promise<void> {
    try {
      popup = await import('../client/popup.ts');
      proof = await popup.makeProof(env);
    } catch {
      popup = null; // the click says so
    }
  }

  // ——— the chat's public facts

  function ensureConfig(): Promise<ChatConfig | null> {
    const { config } = shell.state();
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
    configTimer = null;
    shell.set({ config: { phase: 'loading', since: env.now() } });
    const { problem, value } = await send('GET /config', [], { app });
    if (stopped) return null;
    if (problem === null) {
      tries = 0;
      shell.set({ config: { phase: 'ready', value } });
      void loadPerson();
      if (value.providers.length > 0) void preparePopup();
      return value;
    }
    const ms = waitMs();
    if (isPassing(problem) && shell.state().layout.open) configTimer = env.after(ms, () => void begin());
    const retryAt = configTimer === null ? null : env.now() + ms;
    shell.set({ config: { phase: 'failed', problem, retryAt } });
    return null;
  }

  /** Longer each time, and never the same for all. */
  function waitMs(): number {
    return Math.min(1_000 * 2 ** ++tries, longestWaitMs) * (0.75 + env.random() / 2);
  }

  // ——— who I am

  /** Asks for what is needed, and enters who is known. */
  async function begin(): Promise<void> {
    const how = shell.state().session.phase === 'none' ? session.known() : null;
    if (how === null) await ensureConfig();
    else await enter(how, () => session.resume());
  }

  async function enter(
    how: string,
    ask: () => Promise<Answer<Me> | null>,
    lastName = '',
  ): Promise<Problem | null> {
    const mine = ++era;
    entryTimer?.cancel();
    entryTimer = null;
    if (person === null) shell.set({ session: { phase: 'entering', how } });
    const [answer, config, loaded] = await Promise.all([ask(), ensureConfig(), loadPerson()]);
    if (mine !== era || stopped) return null;
    if (answer?.problem === null && config !== null && loaded !== null) {
      tries = 0;
      come(loaded, answer.value, config);
      return null;
    }
    const { config: asked } = shell.state();
    const problem =
      answer === null
        ? null
        : (answer.problem ?? (asked.phase === 'failed' ? asked.problem : ({ code: 'network' } as const)));
    if (person === null) shell.set({ session: { ...nobody, problem, lastName } });
    // Who is known is tried again, as a connection is.
    if (problem !== null && isPassing(problem) && session.known() !== null && person === null) {
      entryTimer = env.after(waitMs(), () => void begin());
    }
    return problem;
  }

  function come({ createPerson }: PersonModule, me: Me, config: ChatConfig): void {
    const { layout } = shell.state();
    if (person !== null) go(nobody); // a guest who is somebody now, with the same conversations
    shell.set({
      session: { phase: 'in', me },
      connection: 'connecting',
      people: { phase: 'loading', since: env.now() },
      layout,
    });
    const { signOut } = own;
    person = createPerson(shell, me, { session, config, app, server, room, attention, ended, signOut });
    person.settle();
    early?.(person);
    early = null;
  }

  /** Nobody is signed in here any more. */
  function go(to: SessionState): void {
    person?.stop(true);
    person = null;
    shell.set({
      session: to,
      connection: 'off',
      retryAt: null,
      people: { phase: 'none' },
      conversations: new Map(),
      unread: 0,
      records: {},
      layout: { ...closed, open: shell.state().layout.open },
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

  /** Where signing in is shown, or in a notice to who is somebody already. */
  function showProblem(problem: Problem): void {
    if (person !== null) shell.problem(problem);
    else shell.set({ session: { ...nobody, problem } });
  }

  // ——— what can be done without being somebody

  const own: Omit<Actions, keyof PersonActions> & Pick<Actions, 'enablePush'> = {
    open() {
      setLayout({ open: true });
      void begin();
    },
    close: () => setLayout({ open: false, focused: null }),
    show: (view) => setLayout({ view, focused: null }),
    retry() {
      if (person === null || shell.state().config.phase === 'failed') void begin();
      person?.retry();
    },
    dismissNotice: shell.dismiss,
    async enterAsGuest(name) {
      await enter('guest', () => session.guest(name), name);
    },
    async signInWith(provider, mastodon) {
      const made = proof;
      if (made === null || popup === null) {
        showProblem({ code: 'unsupported' });
        return;
      }
      // In the click itself, before anything is waited for: else browsers refuse the window.
      const request = { app, provider, ...(mastodon === undefined ? {} : { server: mastodon }) };
      const asked = popup.askProvider(env, server, request, made);
      void preparePopup(); // each proof serves once
      const { problem, value: code } = await asked;
      if (code === null) {
        if (problem !== null) showProblem(problem);
        return;
      }
      const wrong = await enter(provider, () => session.provider(code, made.verifier));
      if (wrong !== null) showProblem(wrong);
    },
    async signOut() {
      era++;
      const left = session.leave();
      go(nobody);
      await left;
    },
    // In the click, too.
    async allowNotifications() {
      if (attention === null) return;
      const permission = await attention.ask();
      shell.set({ notifications: { ...shell.state().notifications, permission } });
    },
    async enablePush() {
      await own.allowNotifications();
      await person?.actions.enablePush();
    },
  };

  /** Everything else is done by whoever is signed in; nobody does nothing, and is reminded of what to show. */
  const actions = new Proxy(own as Actions, {
    get(mine, name: keyof Actions) {
      if (name in own) return mine[name];
      return (...given: unknown[]): unknown => {
        const run = (by: SignedIn) =>
          (by.actions[name as keyof PersonActions] as (...rest: unknown[]) => unknown)(...given);
        if (person !== null) return run(person);
        if (reminded.has(name)) early = run;
        return Promise.resolve();
      };
    },
  });

  function firstState(): WidgetState {
    return {
      config: { phase: 'none' },
      session: nobody,
      connection: 'off',
      retryAt: null,
      people: { phase: 'none' },
      conversations: new Map(),
      layout: closed,
      unread: 0,
      notifications: { permission: attention?.permission() ?? 'unsupported', push: 'off', sound: true },
      notices: [],
      records: {},
    };
  }

  return {
    get state() {
      return shell.state();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    actions,
    start() {
      const waiting = env.idle(() => {
        if (!stopped && session.known() !== null) void begin();
      });
      ends = [
        () => waiting.cancel(),
        // Waiting for the next try makes no sense once there is a network.
        env.page.on('online', () => {
          if (entryTimer !== null || configTimer !== null) void begin();
        }),
      ];
    },
    identify(user) {
      session.identify(user);
      era++;
      if (shell.state().session.phase !== 'none') go(nobody);
      void begin();
    },
    leads: () => person?.leads() ?? false,
    stop() {
      stopped = true;
      era++;
      person?.stop(false);
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
