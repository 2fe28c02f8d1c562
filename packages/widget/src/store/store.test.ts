import { afterEach, describe, expect, test } from 'bun:test';
import type { Id } from '@earshot/chat/contract';
import { startServer, type TestServer } from '../../../../tests/support/server.ts';
import { TcpProxy } from '../../../../tests/support/tcp-proxy.ts';
import { realTime, TestBrowser, type TestTab } from '../client/env.testing.ts';
import type { ConversationState, WidgetState } from './state.ts';
import { type ChatStore, createStore, type StoreOptions } from './store.ts';

/** The store against the real server, with stock pusher-js and without a page: what people do to each other. */

const patienceMs = 40_000;
const secret = 'the-secret-of-these-tests-which-is-long-enough';
const site = 'https://site.example';

const stores: ChatStore[] = [];
afterEach(() => {
  for (const store of stores.splice(0)) store.stop();
});

/** Somebody's browser, as the server meets it. */
function browserOf(requests: string[] = []): TestBrowser {
  return new TestBrowser({
    time: realTime,
    origin: site,
    fetch(url, init) {
      requests.push(`${init.method} ${new URL(url).pathname}`);
      return fetch(url, { ...init, headers: { ...(init.headers as Record<string, string>), Origin: site } });
    },
  });
}

function open(
  address: string,
  server: TestServer,
  tab: TestTab,
  options: Partial<StoreOptions> = {},
): ChatStore {
  const room = { kind: 'lobby' } as const;
  const store = createStore({
    loadPerson: () => import('./person.ts'),
    app: server.app.key,
    server: address,
    room,
    user: null,
    env: tab.env,
    ...options,
  });
  stores.push(store);
  return store;
}

function start(env: Record<string, string> = {}): Promise<TestServer> {
  return startServer({ env: { EARSHOT_APP_CHAT: 'true', EARSHOT_APP_CHAT_SECRET: secret, ...env } });
}

/** Waits for the state to be so. */
async function until(store: ChatStore, holds: (state: WidgetState) => boolean, what: string): Promise<void> {
  if (holds(store.state)) return;
  await new Promise<void>((resolve, reject) => {
    const late = setTimeout(() => {
      const { session, connection, notices, conversations, people, layout } = store.state;
      const lists = [...conversations.values()].map(({ conversation, timeline, online, removed }) => ({
        me: conversation.me,
        lastSeq: conversation.lastSeq,
        items: timeline.items.map((item) => (item.type === 'message' ? item.message.text : item.type)),
        state: [timeline.older, timeline.newer, timeline.catchUp],
        online,
        removed,
      }));
      const found = { session, connection, notices, lists, people, layout };
      reject(new Error(`${what} did not happen; found ${JSON.stringify(found, null, 1)}`));
    }, patienceMs);
    const stop = store.subscribe(() => {
      if (!holds(store.state)) return;
      clearTimeout(late);
      stop();
      resolve();
    });
  });
}

const rooms = ({ conversations }: WidgetState) =>
  [...conversations.values()].filter((one) => one.conversation.kind === 'room');
const directs = ({ conversations }: WidgetState) =>
  [...conversations.values()].filter((one) => one.conversation.kind === 'direct');
const lobby = (state: WidgetState) => rooms(state)[0] as ConversationState;
const texts = (state: ConversationState | undefined) =>
  (state?.timeline.items ?? []).flatMap((item) => (item.type === 'message' ? [item.message.text] : []));
const idOf = (store: ChatStore) => (store.state.session.phase === 'in' ? store.state.session.me.id : '');
const invitations = ({ people }: WidgetState) => (people.phase === 'ready' ? people.value.invitations : []);

async function inLobby(store: ChatStore, name: string): Promise<Id> {
  store.actions.open();
  await until(store, ({ config }) => config.phase === 'ready', 'the config');
  if (store.state.session.phase === 'none') await store.actions.enterAsGuest(name);
  await until(store, (state) => rooms(state)[0]?.online.known === true, 'the lobby');
  await until(store, (state) => lobby(state).timeline.older === 'end', 'its history');
  return lobby(store.state).conversation.id;
}

function say(store: ChatStore, id: Id, text: string): void {
  store.actions.setDraft(id, text);
  store.actions.send(id);
}

const hears = (store: ChatStore, text: string) =>
  until(
    store,
    (state) => [...state.conversations.values()].some((one) => texts(one).includes(text)),
    `“${text}”`,
  );

/** A token of the host's site. */
function hostToken(server: TestServer, claims: Record<string, unknown>): string {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const content = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ aud: server.app.id, iat: now, exp: now + 600, ...claims })}`;
  return `${content}.${new Bun.CryptoHasher('sha256', secret).update(content).digest('base64url')}`;
}

test('every route that the widget knows is one of the server', async () => {
  await using server = await start();
  const document = await (await fetch(`${server.origin}/chat/api/v1/openapi.json`)).json();
  const there = Object.entries(document.paths as Record<string, object>).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/\{[^}]+\}/g, ':')}`),
  );
  const source = await Bun.file(new URL('../client/routes.ts', import.meta.url)).text();
  const known = [...source.matchAll(/^ {2}'([A-Z]+ [^']+)':/gm)].map(([, route = '']) =>
    // One of many by its id, to the server.
    route.replace('/sessions/current', '/sessions/:').replace(/\/:\/(accept|decline|cancel)$/, '/:/$1'),
  );
  expect(known.length).toBeGreaterThan(40);
  expect(known.filter((route) => !there.includes(route))).toEqual([]);
});

describe('a stranger', () => {
  test('causes nothing: no request, nothing stored, no channel', async () => {
    await using server = await start();
    const requests: string[] = [];
    const browser = browserOf(requests);
    const tab = browser.open();
    const store = open(server.origin, server, tab);
    store.start();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(requests).toEqual([]);
    expect([browser.local.writes, tab.session.writes, browser.channels.size]).toEqual([0, 0, 0]);
    store.actions.open();
    await until(store, ({ config }) => config.phase === 'ready', 'the config');
    expect(requests).toEqual(['GET /chat/api/v1/config']);
    expect([browser.local.writes, tab.session.writes, browser.channels.size]).toEqual([0, 0, 0]);
  });

  test('is told what is wrong with a key', async () => {
    await using server = await start();
    const store = open(server.origin, server, browserOf().open(), { app: 'not-a-key' });
    store.actions.open();
    await until(store, ({ config }) => config.phase === 'failed', 'the refusal');
    expect(store.state.config).toMatchObject({ problem: { code: 'chat_off' }, retryAt: null });
  });
});

describe('two guests', () => {
  test('meet in the lobby, talk, see each other type and read', async () => {
    await using server = await start();
    const ann = open(server.origin, server, browserOf().open());
    const bob = open(server.origin, server, browserOf().open());
    const id = await inLobby(ann, 'Ann');
    await inLobby(bob, 'Bob');
    await until(ann, (state) => lobby(state).online.count === 2, 'Bob in the list');

    say(ann, id, 'Hello *Bob*');
    expect(lobby(ann.state).timeline.items.map(({ type }) => type)).toContain('pending');
    await hears(bob, 'Hello *Bob*');
    await until(ann, (state) => texts(lobby(state)).length === 1, 'her own line');
    expect(lobby(ann.state).timeline.items.filter(({ type }) => type === 'pending')).toEqual([]);

    bob.actions.setDraft(id, 'Hi @Ann');
    await until(ann, (state) => lobby(state).typing.some(({ name }) => name === 'Bob'), 'that Bob types');
    bob.actions.send(id);
    await hears(ann, 'Hi @Ann');
    expect(lobby(ann.state).typing).toEqual([]);
    expect(lobby(ann.state).conversation.me.unread).toBe(1);
    expect(ann.state.unread).toBe(1);
    ann.actions.markRead(id, 2);
    expect(ann.state.unread).toBe(0);

    // Each in the order it was sent, however quickly.
    for (let count = 0; count < 10; count++) say(bob, id, `line ${count}`);
    await hears(ann, 'line 9');
    expect(texts(lobby(ann.state)).slice(2)).toEqual(
      Array.from({ length: 10 }, (_, count) => `line ${count}`),
    );
  });

  test('edit, delete and react, and both see the same', async () => {
    await using server = await start();
    const ann = open(server.origin, server, browserOf().open());
    const bob = open(server.origin, server, browserOf().open());
    const id = await inLobby(ann, 'Ann');
    await inLobby(bob, 'Bob');
    say(ann, id, 'frist');
    await hears(bob, 'frist');
    await hears(ann, 'frist');
    const [item] = lobby(ann.state).timeline.items;
    if (item?.type !== 'message') throw new Error('no message');
    ann.actions.startEdit(id, item.message);
    expect(lobby(ann.state).draft.text).toBe('frist');
    say(ann, id, 'first');
    await hears(bob, 'first');
    await bob.actions.react(id, 1, '👍');
    const given = (state: WidgetState) => {
      const [one] = lobby(state).timeline.items;
      return one?.type === 'message' ? one.message.reactions : [];
    };
    await until(ann, (state) => given(state).length === 1, 'the reaction');
    await bob.actions.react(id, 1, '👍');
    await until(ann, (state) => given(state).length === 0, 'its end');
    await ann.actions.deleteMessage(id, 1);
    await until(
      bob,
      (state) => {
        const [one] = lobby(state).timeline.items;
        return one?.type === 'message' && one.message.deletedAt !== null;
      },
      'the tombstone',
    );
  });

  test('one asks, the other accepts in one of two tabs: the prompt closes in both, and they talk', async () => {
    await using server = await start();
    const annsBrowser = browserOf();
    const ann = open(server.origin, server, annsBrowser.open());
    const bob = open(server.origin, server, browserOf().open());
    await inLobby(ann, 'Ann');
    await inLobby(bob, 'Bob');
    const other = open(server.origin, server, annsBrowser.open());
    other.start();
    await until(
      other,
      ({ people, connection }) => people.phase === 'ready' && connection === 'online',
      'her other tab',
    );

    await bob.actions.startConversation(idOf(ann));
    await until(ann, (state) => invitations(state).length === 1, 'the prompt');
    await until(other, (state) => invitations(state).length === 1, 'the prompt in the other tab');
    await other.actions.acceptInvitation(invitations(other.state)[0]?.id ?? '');
    await until(ann, (state) => invitations(state).length === 0, 'the end of the prompt');
    await until(bob, (state) => directs(state).length === 1, 'the conversation');
    const id = directs(bob.state)[0]?.conversation.id ?? '';
    await until(bob, ({ layout }) => layout.focused === id, 'that it opens where it was asked for');
    // In the tab where nobody accepted it is there, and does not open by itself.
    await until(ann, (state) => directs(state).length === 1, 'the conversation in the first tab');
    expect(ann.state.layout.panels.some(({ conversation }) => conversation === id)).toBe(false);

    say(bob, id, 'just us');
    await hears(other, 'just us');
    await until(ann, ({ unread }) => unread === 1, 'the count in the first tab');
    await until(other, ({ unread }) => unread === 1, 'the count in the other tab');
    other.actions.markRead(id, 1);
    await until(ann, ({ unread }) => unread === 0, 'the end of the count in the first tab');
    await until(bob, (state) => directs(state)[0]?.conversation.readByOther === 1, 'that it was read');
  });

  test('one declines, which looks to the other like no answer', async () => {
    await using server = await start();
    const ann = open(server.origin, server, browserOf().open());
    const bob = open(server.origin, server, browserOf().open());
    await inLobby(ann, 'Ann');
    await inLobby(bob, 'Bob');
    await bob.actions.startConversation(idOf(ann));
    await until(ann, (state) => invitations(state).length === 1, 'the prompt');
    await ann.actions.declineInvitation(invitations(ann.state)[0]?.id ?? '');
    await until(ann, (state) => invitations(state).length === 0, 'the end of the prompt');
    await bob.actions.cancelInvitation(invitations(bob.state)[0]?.id ?? '');
    await until(bob, (state) => invitations(state).length === 0, 'the end of the question');
    expect(directs(bob.state)).toEqual([]);
  });
});

describe('what is typed', () => {
  test('may be a command, and stays with the reason where it cannot be done', async () => {
    await using server = await start();
    const ann = open(server.origin, server, browserOf().open());
    const id = await inLobby(ann, 'Ann');
    const notes = () =>
      lobby(ann.state).timeline.items.flatMap((item) => (item.type === 'note' ? [item.note.kind] : []));
    say(ann, id, '/wave');
    expect(notes()).toEqual(['unknown-command']);
    expect(lobby(ann.state).draft.text).toBe('/wave');
    say(ann, id, '/help');
    await until(ann, () => notes().includes('help'), 'the help');
    say(ann, id, '/nick');
    await until(ann, () => notes().includes('usage'), 'the usage');
    say(ann, id, '/kick Nobody');
    await until(ann, () => notes().includes('problem'), 'that nobody is called so');
    say(ann, id, '/nick Anna');
    await until(ann, ({ session }) => session.phase === 'in' && session.me.name === 'Anna', 'the new name');
    await until(ann, (state) => lobby(state).draft.text === '', 'that the draft is empty');
    say(ann, id, '/me waves');
    await hears(ann, 'waves');
    say(ann, id, '//not a command');
    await hears(ann, '/not a command');
    say(ann, id, 'x'.repeat(4_001));
    expect(lobby(ann.state).draft).toMatchObject({ problem: { code: 'too_long', detail: '1' } });
    expect(lobby(ann.state).draft.text).toHaveLength(4_001);
  });

  test('waits where a room is in slow mode', async () => {
    await using server = await start();
    const ann = open(server.origin, server, browserOf().open());
    const user = () => hostToken(server, { sub: 'mod-1', name: 'Mo', moderator: true });
    const mod = open(server.origin, server, browserOf().open(), { user });
    const id = await inLobby(ann, 'Ann');
    await inLobby(mod, '');
    await mod.actions.setRoom(id, { slowSeconds: 60 });
    await until(ann, (state) => lobby(state).conversation.slowSeconds === 60, 'slow mode');
    say(ann, id, 'one');
    await hears(mod, 'one');
    say(ann, id, 'two');
    expect(lobby(ann.state).draft).toMatchObject({ text: 'two', problem: { code: 'slow_mode' } });
  });
});

describe('the host site', () => {
  test('says who its user is, and when it is another one or nobody', async () => {
    await using server = await start();
    const browser = browserOf();
    const store = open(server.origin, server, browser.open(), {
      user: hostToken(server, { sub: '1', name: 'One' }),
    });
    const isCalled = (name: string) =>
      until(store, ({ session }) => session.phase === 'in' && session.me.name === name, name);
    store.start();
    await isCalled('One');
    await until(store, ({ connection }) => connection === 'online', 'the connection');
    store.identify(hostToken(server, { sub: '2', name: 'Two' }));
    expect(store.state.session.phase).not.toBe('in');
    await isCalled('Two');
    store.identify(null);
    expect(store.state.session.phase).toBe('none');
    expect([...browser.local.items]).toEqual([]);
    const wrong = hostToken(server, { sub: '3', aud: 'another' });
    store.identify(wrong);
    await until(
      store,
      ({ session }) => session.phase === 'none' && session.problem?.code === 'host_token_invalid',
      'the refusal',
    );
  });
});

describe('what was missed', () => {
  test('is there after a reload, and so is what was open', async () => {
    await using server = await start();
    const ann = open(server.origin, server, browserOf().open());
    const bobsBrowser = browserOf();
    const tab = bobsBrowser.open();
    const bob = open(server.origin, server, tab);
    const id = await inLobby(ann, 'Ann');
    await inLobby(bob, 'Bob');
    const before = idOf(bob);
    say(ann, id, 'one');
    await hears(bob, 'one');
    bob.stop();
    tab.happens('gone');
    for (const text of ['two', 'three']) say(ann, id, text);
    await until(ann, (state) => texts(lobby(state)).length === 3, 'that all are sent');

    const again = bobsBrowser.open();
    again.session.setItem(...([...tab.session.items][0] as [string, string]));
    const back = open(server.origin, server, again);
    back.start();
    await hears(back, 'three');
    expect(idOf(back)).toBe(before);
    expect(texts(lobby(back.state))).toEqual(['one', 'two', 'three']);
    expect(back.state.layout).toMatchObject({ open: true, panels: [{ conversation: id }] });
    expect(lobby(back.state).conversation.me.unread).toBe(3);
    expect(lobby(back.state).timeline.newFrom).toBe(1);
  });

  test('is fetched after the connection was cut, and what was being sent arrives once', async () => {
    await using server = await start();
    await using proxy = await TcpProxy.to(server.port);
    const ann = open(server.origin, server, browserOf().open());
    const bob = open(`http://127.0.0.1:${proxy.port}`, server, browserOf().open());
    const id = await inLobby(ann, 'Ann');
    await inLobby(bob, 'Bob');
    const target = proxy.target;
    proxy.target = 1;
    proxy.cut();
    await until(bob, ({ connection }) => connection === 'reconnecting', 'the loss');
    say(bob, id, 'from afar');
    for (const text of ['one', 'two']) say(ann, id, text);
    await until(ann, (state) => texts(lobby(state)).length === 2, 'that all are sent');
    await until(
      bob,
      (state) =>
        lobby(state).timeline.items.some(
          (item) => item.type === 'pending' && item.pending.state === 'unsure',
        ),
      'doubt',
    );
    proxy.target = target;
    bob.actions.retry();
    await hears(bob, 'two');
    await hears(ann, 'from afar');
    await until(bob, (state) => texts(lobby(state)).length === 3, 'all three');
    expect(texts(lobby(bob.state))).toEqual(texts(lobby(ann.state)));
    expect(lobby(bob.state).timeline.items.every(({ type }) => type !== 'pending')).toBe(true);
  });
});

describe('a moderator', () => {
  test('kicks somebody, who hears nothing any more and stays signed in', async () => {
    await using server = await start();
    const bob = open(server.origin, server, browserOf().open());
    const mod = open(server.origin, server, browserOf().open(), {
      user: () => hostToken(server, { sub: 'mod-1', name: 'Mo', moderator: true }),
    });
    const id = await inLobby(bob, 'Bob');
    await inLobby(mod, '');
    expect(mod.state.session).toMatchObject({ phase: 'in', me: { name: 'Mo', verified: true } });
    await until(mod, (state) => lobby(state).online.count === 2, 'Bob in the list');
    say(mod, id, '/kick Bob');
    await until(bob, (state) => lobby(state)?.removed?.why === 'kicked', 'the kick');
    await until(bob, ({ connection }) => connection === 'online', 'that he is back');
    say(mod, id, 'gone');
    await until(mod, (state) => texts(lobby(state)).includes('gone'), 'that it is sent');
    expect(texts(lobby(bob.state))).not.toContain('gone');
    expect(bob.state.session.phase).toBe('in');
  });

  test('blocks are hers alone: texts of the blocked are hidden, and come back', async () => {
    await using server = await start();
    const ann = open(server.origin, server, browserOf().open());
    const bob = open(server.origin, server, browserOf().open());
    const id = await inLobby(ann, 'Ann');
    await inLobby(bob, 'Bob');
    say(bob, id, 'rude');
    await hears(ann, 'rude');
    await ann.actions.block(idOf(bob));
    const hidden = (state: WidgetState) =>
      lobby(state).timeline.items.some((item) => item.type === 'message' && item.hidden);
    await until(ann, hidden, 'that it is hidden');
    await until(ann, ({ unread }) => unread === 0, 'that it does not count');
    await ann.actions.unblock(idOf(bob));
    await until(ann, (state) => !hidden(state), 'that it is shown');
  });
});

describe('tabs of one browser', () => {
  test('share one connection; when the one that has it dies, another takes it over and nothing is missed', async () => {
    await using server = await start();
    const ann = open(server.origin, server, browserOf().open());
    const id = await inLobby(ann, 'Ann');
    const browser = browserOf();
    const first = browser.open();
    const bob = open(server.origin, server, first);
    await inLobby(bob, 'Bob');
    const others = [browser.open(), browser.open()].map((tab) => ({
      tab,
      store: open(server.origin, server, tab),
    }));
    for (const { store } of others) {
      store.start();
      await until(
        store,
        ({ connection, people }) => connection === 'online' && people.phase === 'ready',
        'another tab',
      );
      expect(idOf(store)).toBe(idOf(bob));
      store.actions.open();
      await until(store, (state) => rooms(state)[0]?.timeline.older === 'end', 'its history');
    }
    expect([bob, ...others.map(({ store }) => store)].map((store) => store.leads())).toEqual([
      true,
      false,
      false,
    ]);
    expect(await connections(server, 2)).toBe(2);

    say(others[0]?.store as ChatStore, id, 'from a tab');
    for (const store of [ann, bob, others[1]?.store as ChatStore]) await hears(store, 'from a tab');

    first.die(browser);
    bob.stop();
    say(ann, id, 'meanwhile');
    for (const { store } of others) await hears(store, 'meanwhile');
    expect(others.filter(({ store }) => store.leads())).toHaveLength(1);
    expect(await connections(server, 2)).toBe(2);
  });

  test('sign out together', async () => {
    await using server = await start();
    const browser = browserOf();
    const one = open(server.origin, server, browser.open());
    await inLobby(one, 'Ann');
    const two = open(server.origin, server, browser.open());
    two.start();
    await until(two, ({ people }) => people.phase === 'ready', 'the other tab');
    await one.actions.signOut();
    await until(two, ({ session }) => session.phase === 'none', 'that the other tab is out, too');
    expect([...browser.local.items]).toEqual([]);
    expect(await connections(server, 0)).toBe(0);
  });

  test('without locks and broadcasts each tab has its own connection', async () => {
    await using server = await start();
    const browser = browserOf();
    const one = open(server.origin, server, browser.open({ shares: false }));
    await inLobby(one, 'Ann');
    const two = open(server.origin, server, browser.open({ shares: false }));
    two.start();
    await until(two, ({ connection }) => connection === 'online', 'the other tab');
    expect([one.leads(), two.leads()]).toEqual([true, true]);
  });
});

describe('a session that was ended elsewhere', () => {
  test('ends here, and says so', async () => {
    await using server = await start();
    const browser = browserOf();
    const store = open(server.origin, server, browser.open());
    await inLobby(store, 'Ann');
    const kept = JSON.parse([...browser.local.items][0]?.[1] ?? '{}');
    const answer = await fetch(`${server.origin}/chat/api/v1/sessions/refresh`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Origin: site },
      body: JSON.stringify({ app: server.app.key, refreshToken: kept.refreshToken }),
    });
    const { accessToken } = await answer.json();
    await fetch(`${server.origin}/chat/api/v1/sessions/current`, {
      method: 'DELETE',
      headers: { 'Content-Type': 'application/json', Origin: site, Authorization: `Bearer ${accessToken}` },
    });
    await until(store, ({ session }) => session.phase === 'ended', 'the end');
    expect(store.state).toMatchObject({ session: { problem: { code: 'session_ended' } }, connection: 'off' });
    expect([...browser.local.items]).toEqual([]);
  });
});

/** Connections that the server has when there have been `expected` for a while; waits for those that are just closing. */
async function connections(server: TestServer, expected: number): Promise<number> {
  let count = -1;
  const deadline = performance.now() + patienceMs;
  for (let same = 0; same < 3 && performance.now() < deadline; ) {
    const metrics = await (await fetch(`${server.origin}/metrics`)).text();
    const now = Number(
      /^earshot_connections\{transport="websocket"\} (\d+)/m.exec(metrics)?.[1] ?? Number.NaN,
    );
    same = now === expected ? same + 1 : 0;
    count = now;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return count;
}

describe('a moderator of the app', () => {
  const noticesOf = (store: ChatStore) =>
    store.state.notices.map(({ done, problem }) => done ?? problem?.code);

  test('reads a report, visits its room, bans from there, decides, and lifts the ban', async () => {
    await using server = await start();
    const ann = open(server.origin, server, browserOf().open());
    const bob = open(server.origin, server, browserOf().open());
    const id = await inLobby(ann, 'Ann');
    await inLobby(bob, 'Bob');
    say(bob, id, 'buy my ferries');
    await hears(ann, 'buy my ferries');
    const about = { person: idOf(bob), conversation: id, seq: 1, reason: 'spam', text: 'again' } as const;
    await ann.actions.report(about);

    const token = hostToken(server, { sub: 'mo', name: 'Mo', moderator: true });
    const tab = browserOf().open();
    const mo = open(server.origin, server, tab, { user: () => Promise.resolve(token), room: null });
    mo.actions.open();
    await until(mo, ({ people }) => people.phase === 'ready', 'that Mo is there');
    await mo.actions.loadReports('open');
    const list = (state: 'open' | 'resolved') => {
      const asked = mo.state.records.reports?.lists[state];
      return asked?.phase === 'ready' ? asked.value.reports : [];
    };
    expect(list('open')).toMatchObject([{ person: { name: 'Bob' }, room: { name: 'lobby' }, text: 'again' }]);
    const report = list('open')[0]?.id ?? '';
    await mo.actions.openReport(report);
    expect(mo.state.layout.view).toBe('reports');
    expect(mo.state.records.reports?.opened).toMatchObject({
      phase: 'ready',
      value: { context: [{ text: 'buy my ferries' }] },
    });

    // Mo was never in that room.
    await mo.actions.visitReported({ conversation: id, seq: 1 });
    await until(mo, (state) => texts(lobby(state)).includes('buy my ferries'), 'the message in its room');
    await mo.actions.loadRoomRecords(id);
    await mo.actions.moderate(id, 'ban', idOf(bob), 60);
    await until(bob, (state) => lobby(state).removed?.why === 'banned', 'that Bob is out');
    const kept = () => {
      const asked = mo.state.records.rooms?.get(id);
      return asked?.phase === 'ready' ? asked.value : null;
    };
    expect(kept()?.bans).toMatchObject([{ person: { name: 'Bob' }, by: { name: 'Mo' } }]);
    expect(kept()?.acts.map(({ act }) => act)).toEqual(['ban']);

    await mo.actions.loadReports('resolved');
    await mo.actions.decideReport(report, 'resolved');
    expect([list('open').length, list('resolved').length]).toEqual([0, 1]);
    expect(mo.state.records.reports?.opened).toMatchObject({ value: { state: 'resolved' } });

    await bob.actions.enterRoom({ kind: 'lobby' });
    expect(noticesOf(bob)).toEqual(['banned']);
    await mo.actions.moderate(id, 'unban', idOf(bob), null);
    expect(kept()?.bans).toEqual([]);
    await bob.actions.enterRoom({ kind: 'lobby' });
    await until(bob, (state) => lobby(state).removed === null, 'that Bob is back');
    say(bob, id, 'sorry');
    await hears(ann, 'sorry');

    await mo.actions.signOut();
    expect(mo.state.records).toEqual({});
  });

  test('nobody else reads reports', async () => {
    await using server = await start();
    const ann = open(server.origin, server, browserOf().open());
    await inLobby(ann, 'Ann');
    await ann.actions.loadReports('open');
    expect(ann.state.records.reports?.lists.open).toMatchObject({
      phase: 'failed',
      problem: { code: 'forbidden' },
    });
  });
});

test('an owner lets somebody into a room for members by their id, and sees who has a role', async () => {
  await using server = await start({ EARSHOT_APP_CHAT_ROOM_CREATION: 'everyone' });
  const ann = open(server.origin, server, browserOf().open());
  const bob = open(server.origin, server, browserOf().open());
  await inLobby(ann, 'Ann');
  await inLobby(bob, 'Bob');
  await ann.actions.createRoom({ name: 'crew', title: 'Crew', membersOnly: true });
  const crew = (state: WidgetState) => rooms(state).find(({ conversation }) => conversation.name === 'crew');
  const id = crew(ann.state)?.conversation.id ?? '';
  await bob.actions.enterRoom({ kind: 'named', name: 'crew' });
  expect(bob.state.notices.map(({ problem }) => problem?.code)).toEqual(['members_only']);
  await ann.actions.loadRoomRecords(id);
  await ann.actions.moderate(id, 'let-in', idOf(bob), null);
  await until(bob, (state) => crew(state) !== undefined, 'the room in Bob’s list');
  await ann.actions.setRole(id, idOf(bob), 'moderator');
  const asked = ann.state.records.rooms?.get(id);
  const { staff, acts } = asked?.phase === 'ready' ? asked.value : { staff: [], acts: [] };
  expect(staff.map(({ name, role }) => `${name}: ${role}`).toSorted()).toEqual([
    'Ann: owner',
    'Bob: moderator',
  ]);
  expect(acts.map(({ act }) => act).toSorted()).toEqual(['let-in', 'role']);
});

test('one sees where one is signed in, and ends it there', async () => {
  await using server = await start();
  const user = () => Promise.resolve(hostToken(server, { sub: 'ann', name: 'Ann' }));
  const here = open(server.origin, server, browserOf().open(), { user });
  const there = open(server.origin, server, browserOf().open(), { user });
  await inLobby(here, 'Ann');
  await inLobby(there, 'Ann');
  await here.actions.loadSessions();
  const list = () => {
    const { sessions } = here.state.records;
    return sessions?.phase === 'ready' ? sessions.value : [];
  };
  expect(list().map(({ current, origin }) => [current, origin])).toContainEqual([true, site]);
  const other = list().find(({ current }) => !current)?.id ?? '';
  await here.actions.endSession(other);
  expect(list().map(({ current }) => current)).toEqual([true]);
  // There the site signs its user in again: that is another session.
  await here.actions.loadSessions();
  expect(list().map(({ id }) => id)).not.toContain(other);
  expect(here.state.session.phase).toBe('in');
});
