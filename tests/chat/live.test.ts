import { afterEach, describe, expect, test } from 'bun:test';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LiveEntry } from '@earshot/chat/contract';
import { realTime, TestBrowser, type TestTab } from '../../packages/widget/src/client/env.testing.ts';
import {
  createStartLive,
  type LiveOptions,
  type LivePerson,
  type LiveState,
  type LiveStore,
  openLive,
} from '../../packages/widget/src/live/session.ts';
import { HookReceiver } from '../support/hooks.ts';
import { EarshotProcess } from '../support/process.ts';
import { startServer, type TestServer, temporaryFolder } from '../support/server.ts';
import { WebSocketWire } from '../support/wire.ts';
import { inEachForm, type TestChat } from './support/chat.ts';

/** Live rooms against the real server, with the browser's own code and without a page. */

const patienceMs = 40_000;
const json = { 'Content-Type': 'application/json' };
const plain: LiveOptions = { noTakeBacks: false, fadeSeconds: 30 };

const stores: LiveStore[] = [];
afterEach(() => {
  for (const store of stores.splice(0)) store.stop();
});

/** A server, one in a process of its own, or a chat beside a channel server. */
type Place = Pick<TestServer, 'port'> | Pick<TestChat, 'address'>;
const addressOf = (place: Place) => ('address' in place ? place.address : `http://127.0.0.1:${place.port}`);
const baseOf = (place: Place) => `${addressOf(place)}/chat/api/v1`;

function start(env: Record<string, string> = {}): Promise<TestServer> {
  return startServer({
    env: { EARSHOT_APP_CHAT: 'true', EARSHOT_APP_CHAT_LIVE_ROOMS_PER_MINUTE: '0', ...env },
  });
}

/** A browser tab of our own pages; `https:` where a page would have WebCrypto. */
function newTab(place: Place, secure: boolean): TestTab {
  const own = addressOf(place);
  const browser = new TestBrowser({
    time: realTime,
    origin: secure ? 'https://live.example' : own,
    fetch: (url, init) =>
      fetch(url, { ...init, headers: { ...(init.headers as Record<string, string>), Origin: own } }),
  });
  return browser.open();
}

interface Visit {
  readonly live: LiveStore;
  readonly tab: TestTab;
}

async function startRoom(place: Place, options: LiveOptions = plain, secure = true) {
  const tab = newTab(place, secure);
  const { value, problem } = await createStartLive(tab.env, baseOf(place))(options);
  if (value === null) throw new Error(`no room: ${JSON.stringify(problem)}`);
  const open = (into: TestTab): Visit => {
    const live = openLive({ env: into.env, base: baseOf(place), ...value });
    stores.push(live);
    return { live, tab: into };
  };
  return { ...value, maker: open(tab), visit: () => open(newTab(place, secure)), again: open };
}

/** Waits for the state to be so. */
async function until(
  live: LiveStore,
  holds: (state: LiveState) => boolean,
  what: string,
): Promise<LiveState> {
  if (holds(live.state())) return live.state();
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      reject(new Error(`${what} did not happen; found ${JSON.stringify(live.state(), null, 1)}`));
    }, patienceMs);
    const stop = live.subscribe(() => {
      if (!holds(live.state())) return;
      clearTimeout(late);
      stop();
      resolve(live.state());
    });
  });
}

const textOf = (person: LivePerson | undefined) => (person?.text ?? []).map(({ text }) => text).join('');
const named = ({ others }: LiveState, name: string) => others.find((other) => other.name === name);
const shows = (name: string, text: string) => (state: LiveState) => textOf(named(state, name)) === text;
const isOpen = ({ phase, connection }: LiveState) => phase === 'open' && connection === 'online';

/** As a person types: every state of the input on the way. */
function typeOut({ live }: Visit, text: string): void {
  for (let length = 1; length <= text.length; length++) live.actions.type(text.slice(0, length), false);
}

describe.each([
  ['WebCrypto', true],
  ['tweetnacl', false],
])('%s', (_name, secure) => {
  test('two talk while both type, correct themselves, and a third who comes late sees what is there', async () => {
    await using server = await start();
    const room = await startRoom(server, plain, secure);
    const ann = room.maker;
    await until(ann.live, isOpen, 'Ann was in');
    const bob = room.visit();
    ann.live.actions.setName('Ann');
    bob.live.actions.setName('Bob');
    await until(ann.live, (state) => named(state, 'Bob') !== undefined, 'Bob came');
    await until(bob.live, (state) => named(state, 'Ann') !== undefined, 'Ann was there');
    typeOut(ann, 'Hello Bob, how are yuo');
    typeOut(bob, 'fine 👩‍💻 かん');
    await until(bob.live, shows('Ann', 'Hello Bob, how are yuo'), 'Ann’s words came');
    await until(ann.live, shows('Bob', 'fine 👩‍💻 かん'), 'Bob’s words came');
    ann.live.actions.type('Hello Bob, how are you', false);
    await until(bob.live, shows('Ann', 'Hello Bob, how are you'), 'the correction came');

    const cleo = room.visit();
    cleo.live.actions.setName('Cleo');
    await until(cleo.live, shows('Ann', 'Hello Bob, how are you'), 'Cleo saw Ann’s lane');
    const state = await until(cleo.live, shows('Bob', 'fine 👩‍💻 かん'), 'Cleo saw Bob’s lane');
    expect([state.me?.lane, ...state.others.map(({ lane }) => lane)]).toEqual([2, 0, 1]);
    expect(ann.live.state().door).toMatchObject({ came: 2, refused: 0 });
    expect([bob.live.state().door, cleo.live.state().door]).toEqual([null, null]);

    bob.live.actions.leave();
    await until(ann.live, (now) => named(now, 'Bob')?.presence === 'gone', 'Ann saw that Bob left');
    cleo.tab.visible = false;
    cleo.tab.happens('unseen');
    await until(ann.live, (now) => named(now, 'Cleo')?.presence === 'away', 'Cleo looked elsewhere');
  });

  test('a picture goes from one to the others, sealed, and to nobody else', async () => {
    await using server = await start();
    const room = await startRoom(server, plain, secure);
    const bob = room.visit();
    room.maker.live.actions.setName('Ann');
    await until(bob.live, (state) => named(state, 'Ann') !== undefined, 'Ann was there');
    const bytes = new Uint8Array(50_000).map((_, index) => index % 251);
    const blob = new Blob([bytes], { type: 'image/webp' });
    room.maker.live.actions.sendPicture({ blob, width: 40, height: 30 });
    const state = await until(
      bob.live,
      (now) => named(now, 'Ann')?.pictures.length === 1,
      'the picture came',
    );
    const picture = named(state, 'Ann')?.pictures[0];
    expect(picture).toMatchObject({ width: 40, height: 30 });
    expect(picture?.blob.type).toBe('image/webp');
    expect(new Uint8Array((await picture?.blob.arrayBuffer()) ?? new ArrayBuffer())).toEqual(bytes);
    // What the page must not show is not even sent.
    room.maker.live.actions.sendPicture({
      blob: new Blob(['<svg/>'], { type: 'image/svg+xml' }),
      width: 1,
      height: 1,
    });
    await until(
      room.maker.live,
      ({ sending }) => sending[0]?.problem?.code === 'type_refused',
      'the drawing was refused',
    );
  });
});

inEachForm((begin) => {
  test('a full room refuses, the maker alone hears of it, and who waits is let in when somebody leaves', async () => {
    await using server = await begin({ EARSHOT_APP_CHAT_LIVE_PEOPLE: '2' });
    const room = await startRoom(server);
    await until(room.maker.live, isOpen, 'the maker was in');
    const bob = room.visit();
    await until(bob.live, isOpen, 'Bob was in');
    const cleo = room.visit();
    await until(cleo.live, ({ phase }) => phase === 'full', 'Cleo was refused');
    const { door } = await until(room.maker.live, (state) => state.door?.waiting === true, 'the maker heard');
    expect(door).toMatchObject({ refused: 1 });
    expect(bob.live.state().door).toBeNull();
    // The tab of the maker reloads: it is the maker still, in the same lane, though the room is full.
    const lane = room.maker.live.state().me;
    room.maker.live.stop();
    const again = room.again(room.maker.tab);
    const state = await until(again.live, isOpen, 'the maker came back');
    expect(state.me).toMatchObject({ id: lane?.id ?? '', lane: 0 });
    expect(state.door).not.toBeNull();
    bob.live.actions.leave();
    await until(cleo.live, isOpen, 'Cleo was let in');
  });
});

test('what is too fast for the server is said again, slower, and nothing is lost', async () => {
  await using server = await start({ EARSHOT_APP_CLIENT_EVENTS_PER_SECOND: '2' });
  const room = await startRoom(server);
  const bob = room.visit();
  room.maker.live.actions.setName('Ann');
  await until(bob.live, (state) => named(state, 'Ann') !== undefined, 'Ann was there');
  let text = '';
  for (let word = 0; word < 15; word++) {
    text += `${word} `;
    room.maker.live.actions.type(text, false);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await until(bob.live, shows('Ann', text), 'all of it came');
});

test('a connection that breaks heals, and what was typed meanwhile is there', async () => {
  await using server = await start();
  const room = await startRoom(server);
  const bob = room.visit();
  room.maker.live.actions.setName('Ann');
  await until(bob.live, (state) => named(state, 'Ann') !== undefined, 'Ann was there');
  typeOut(room.maker, 'before');
  await until(bob.live, shows('Ann', 'before'), 'the first words came');
  bob.tab.happens('gone');
  typeOut(room.maker, 'before and after');
  bob.tab.happens('back');
  await until(bob.live, shows('Ann', 'before and after'), 'Bob saw what he had missed');
});

test('fading: after its time a character is on no screen; who holds the screen keeps it', async () => {
  await using server = await start();
  const room = await startRoom(server, { noTakeBacks: true, fadeSeconds: 1 });
  const bob = room.visit();
  const cleo = room.visit();
  room.maker.live.actions.setName('Ann');
  for (const { live } of [bob, cleo])
    await until(live, (state) => named(state, 'Ann') !== undefined, 'Ann was there');
  cleo.live.actions.hold(true);
  room.maker.live.actions.type('gone', false);
  // No take-backs: it stays in the input.
  expect(room.maker.live.actions.type('', false)).toBe('gone');
  await until(bob.live, shows('Ann', 'gone'), 'it came');
  await until(bob.live, (state) => (named(state, 'Ann')?.text[0]?.opacity ?? 1) < 1, 'it began to fade');
  await until(bob.live, shows('Ann', ''), 'it was gone at Bob’s');
  await until(room.maker.live, ({ input }) => input === '', 'it was gone at Ann’s');
  expect(room.maker.live.actions.takeFaded()).toBe('');
  expect(textOf(named(cleo.live.state(), 'Ann'))).toBe('gone');
});

test('an unknown room, a room of another form, an address without its key', async () => {
  await using server = await start();
  const room = await startRoom(server);
  const open = (id: string, fragment: string) => {
    const live = openLive({ env: newTab(server, true).env, base: baseOf(server), room: id, fragment });
    stores.push(live);
    return live;
  };
  const gone = ({ phase }: LiveState) => phase === 'gone';
  await until(open('new', room.fragment), gone, 'there was no such room');
  await until(open(`${'A'.repeat(21)}Q`, room.fragment), gone, 'there was no such room');
  expect(open(room.room, '').state().phase).toBe('no_key');
  const answers = await Promise.all(
    ['new', `${'A'.repeat(21)}Q`].map(async (id) => {
      const response = await fetch(`${baseOf(server)}/live/rooms/${id}/enter`, {
        method: 'POST',
        headers: json,
        body: '{}',
      });
      return [response.status, await response.text()];
    }),
  );
  expect(answers[0]).toEqual(answers[1] ?? []);
  expect(answers[0]?.[0]).toBe(404);
  // With the key of another room everything is unreadable, and nothing breaks.
  const other = await startRoom(server);
  await until(room.maker.live, isOpen, 'Ann was in');
  const stranger = open(room.room, other.fragment);
  const state = await until(stranger, ({ others }) => others[0]?.unreadable === true, 'it could not be read');
  expect(state.others[0]).toMatchObject({ name: null, text: [] });
});

describe('bad requests', () => {
  const create = (server: TestServer, headers: Record<string, string> = json, body = '{}') =>
    fetch(`${baseOf(server)}/live/rooms`, { method: 'POST', headers, body });

  test('nothing is made by a GET, by a form, or by a page of another site', async () => {
    await using server = await start({ EARSHOT_APP_ORIGINS: 'https://site.example' });
    const statuses = [
      await fetch(`${baseOf(server)}/live/rooms`),
      await create(server, { 'Content-Type': 'text/plain' }),
      await create(server, { ...json, 'Sec-Fetch-Site': 'cross-site' }),
      await create(server, { ...json, Origin: 'https://evil.example' }),
      await create(server, json, '{"fadeSeconds":0.5}'),
      await create(server, json, '{"fadeSeconds":31}'),
    ].map(({ status }) => status);
    expect(statuses).toEqual([401, 400, 403, 403, 400, 400]);
    expect((await create(server)).status).toBe(201);
  });

  test('a hundred rooms a second from one address', async () => {
    await using server = await start({ EARSHOT_APP_CHAT_LIVE_ROOMS_PER_MINUTE: '20' });
    const statuses = await Promise.all(
      Array.from({ length: 100 }, async () => (await create(server)).status),
    );
    expect(statuses.filter((status) => status === 201).length).toBe(20);
    expect(statuses.filter((status) => status === 429).length).toBe(80);
  });

  test('pictures are for those present, and are bytes only', async () => {
    await using server = await start();
    const { room } = (await (await create(server)).json()) as { room: string };
    const at = `${baseOf(server)}/live/rooms/${room}`;
    const entry = (await (
      await fetch(`${at}/enter`, { method: 'POST', headers: json, body: '{}' })
    ).json()) as LiveEntry;
    const bytes = { 'Content-Type': 'application/octet-stream' };
    const mine = { Authorization: `Bearer ${entry.token}` };
    const put = (headers: Record<string, string>, body: BodyInit = 'sealed') =>
      fetch(`${at}/pictures`, { method: 'POST', headers, body });
    const statuses = [
      await put(bytes),
      await put({ ...bytes, Authorization: 'Bearer somebody' }),
      await put({ ...mine, 'Content-Type': 'image/png' }),
      await put({ ...mine, ...bytes }, new Uint8Array(2_000_000)),
    ].map(({ status }) => status);
    expect(statuses).toEqual([401, 404, 400, 413]);
    const { id } = (await (await put({ ...mine, ...bytes })).json()) as { id: string };
    const got = await fetch(`${at}/pictures/${id}`, { headers: mine });
    expect(await got.text()).toBe('sealed');
    expect(Object.fromEntries(got.headers)).toMatchObject({
      'cache-control': 'no-store',
      'content-disposition': 'attachment',
      'content-type': 'application/octet-stream',
      'x-content-type-options': 'nosniff',
    });
    expect((await fetch(`${at}/pictures/${id}`)).status).toBe(401);
    expect((await fetch(`${at}/pictures/nothing`, { headers: mine })).status).toBe(404);
  });
});

test('after a conversation nothing of it is anywhere, and the wire carries ciphertext', async () => {
  await using folder = await temporaryFolder();
  using hooks = new HookReceiver();
  await using server = await EarshotProcess.start({
    ...hooks.env(),
    EARSHOT_DATA_DIR: folder.path,
    EARSHOT_LOG_LEVEL: 'trace',
    EARSHOT_APP_CHAT: 'true',
    EARSHOT_APP_WEBHOOK_EVENTS: 'channel_occupied,channel_vacated,member_added,member_removed,client_event',
  });
  const secrets = ['Zebrafinch', 'Quagmire', 'marmalade'];
  const mark = 'PICTURE-BYTES-OF-ANN';
  const room = await startRoom(server);
  const bob = room.visit();

  // Somebody who was let in and has no key: what the server could see.
  const at = `${baseOf(server)}/live/rooms/${room.room}`;
  const post = async (path: string, body: object) =>
    (await fetch(at + path, { method: 'POST', headers: json, body: JSON.stringify(body) })).json();
  const entry = (await post('/enter', {})) as LiveEntry;
  const wire = await WebSocketWire.open({ port: server.port, path: `/app/${server.app.key}?protocol=7` });
  const established = await wire.until('pusher:connection_established');
  const { socket_id } = JSON.parse(established.data as string) as { socket_id: string };
  const signed = (await post('/auth', {
    token: entry.token,
    socket_id,
    channel_name: entry.channel,
  })) as object;
  wire.send({ event: 'pusher:subscribe', data: { ...signed, channel: entry.channel } });
  await wire.until('pusher_internal:subscription_succeeded');

  room.maker.live.actions.setName('Zebrafinch');
  bob.live.actions.setName('Quagmire');
  await until(bob.live, (state) => named(state, 'Zebrafinch') !== undefined, 'the first one was there');
  typeOut(room.maker, 'I like marmalade');
  await until(bob.live, shows('Zebrafinch', 'I like marmalade'), 'the words came');
  const blob = new Blob([mark.repeat(100)], { type: 'image/png' });
  room.maker.live.actions.sendPicture({ blob, width: 10, height: 10 });
  await until(bob.live, (state) => named(state, 'Zebrafinch')?.pictures.length === 1, 'the picture came');
  const metrics = await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text();

  const heard = wire.messages.map((message) => JSON.stringify(message));
  const said = heard.filter((text) => text.includes('client-live'));
  expect(said.length).toBeGreaterThan(2);
  expect(said.every((text) => /^\{"r":"[\w-]{12}","n":\d+,"x":"[\w-]+"\}$/.test(dataOf(text)))).toBe(true);
  for (const store of stores.splice(0)) store.stop();
  wire.destroy();
  const files = await filesIn(folder.path);
  server.signal('SIGTERM');
  await server.exited;
  const places: Record<string, string> = {
    wire: heard.join('\n'),
    log: server.output,
    metrics,
    webhooks: JSON.stringify(hooks.seen.map(({ body }) => body)),
    ...files,
    ...Object.fromEntries(
      Object.entries(await filesIn(folder.path)).map(([name, text]) => [`${name} after`, text]),
    ),
  };
  expect(Object.keys(places).some((name) => name.includes('sqlite'))).toBe(true);
  expect(hooks.seen.length).toBeGreaterThan(0);
  const key = room.fragment.replace(/^#k=|&c=.$/g, '');
  const found = Object.entries(places).flatMap(([place, text]) =>
    [...secrets, mark, key, ...forms(secrets), ...forms([mark])].flatMap((secret) =>
      text.includes(secret) ? [`${secret} in ${place}`] : [],
    ),
  );
  expect(found).toEqual([]);
  // Neither database nor log leads anybody to the room.
  for (const [name, text] of Object.entries({ ...files, log: server.output }))
    expect([name, text.includes(room.room)]).toEqual([name, false]);
}, 120_000);

/** As it would look in base64, wherever it begins. */
function forms(texts: readonly string[]): string[] {
  return texts.flatMap((text) =>
    [0, 1, 2].map((shift) =>
      Buffer.from(' '.repeat(shift) + text)
        .toString('base64')
        .slice(4, 4 + 8),
    ),
  );
}

function dataOf(message: string): string {
  const { data } = JSON.parse(message) as { data: unknown };
  return typeof data === 'string' ? data : JSON.stringify(data);
}

async function filesIn(folder: string): Promise<Record<string, string>> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    await Promise.all(files.map(async (file) => [file, await readFile(file, 'latin1')])),
  );
}
