/**
 * What the chat does under load: messages a second that are stored and delivered to a full room, the time from sending to
 * receipt, and what a long history costs.
 *
 *   bun tests/load/chat.ts                                          a room of 1,000, a history of a million messages
 *   bun tests/load/chat.ts --members 50 --history 5000 --seconds 2    a first look
 */
import { Database } from 'bun:sqlite';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Message, messagesOf, type SessionAnswer } from '@earshot/chat/contract';
import { type BrowserWindow, chromiumPath, startBrowser } from '../support/browser.ts';
import { EarshotProcess } from '../support/process.ts';
import { temporaryFolder } from '../support/server.ts';
import { Latencies } from './generator/latency.ts';

export interface ChatLoadOptions {
  /** Who hear the room, each with a connection of their own. */
  readonly members: number;
  /** Who write, each one message after the other. */
  readonly writers: number;
  readonly seconds: number;
  /** Messages in the room's history for the second part. */
  readonly history: number;
}

export interface ChatLoadResult {
  readonly figures: Record<string, string>;
  /** What must not be: messages that did not come to everybody. */
  readonly problems: string[];
}

const freeOfLimits = {
  EARSHOT_LOG_LEVEL: 'info',
  EARSHOT_APP_CHAT_SIGN_INS_PER_MINUTE: '0',
  EARSHOT_APP_CHAT_REQUESTS_PER_MINUTE: '0',
  EARSHOT_APP_CHAT_MESSAGES_PER_MINUTE: '0',
  EARSHOT_APP_CHAT_ROOM_MESSAGES_PER_MINUTE: '0',
  EARSHOT_APP_CHAT_ADDRESS_REQUESTS_PER_MINUTE: '0',
};
/** Between two messages of the one writer who shows the time to receipt where nothing is full. */
const calmPauseMs = 100;
/** The same for all processes of the machine, and finer than `Date.now`. */
const clockMs = () => performance.timeOrigin + performance.now();
const figure = (value: number, digits = 1) => value.toFixed(digits);

export async function chatLoad(options: ChatLoadOptions): Promise<ChatLoadResult> {
  await using folder = await temporaryFolder();
  const env = { ...freeOfLimits, EARSHOT_DATA_DIR: folder.path };
  const figures: Record<string, string> = {};
  const problems: string[] = [];
  let room = '';
  let writer: SessionAnswer;
  {
    await using server = await EarshotProcess.start(env);
    const writers = await inTens(options.writers, (index) => enter(server, `Writer ${index}`));
    const hearers = await inTens(options.members, async (index) => {
      const one = await enter(server, `Member ${index}`);
      return Hearer.open(server, one.session, one.room);
    });
    [{ room, session: writer }] = writers as [Entered];
    const screen = chromiumPath === undefined ? null : await Screen.open(server);
    const calm = await flood(server, writers.slice(0, 1), hearers, options.seconds, calmPauseMs);
    const shown = await screen?.close();
    const { sent, latencies, seconds } = await flood(server, writers, hearers, options.seconds, 0);
    for (const hearer of hearers) hearer.close();
    const all = calm.sent + sent;
    const short = hearers.filter(({ heard }) => heard !== all).length;
    if (short > 0) problems.push(`${short} of ${hearers.length} did not get all ${all} messages`);
    figures['members of the room'] = `${hearers.length}`;
    figures['one writer with pauses: messages a second'] = figure(calm.sent / calm.seconds);
    figures['one writer with pauses: from sending to receipt, p50, ms'] = figure(
      calm.latencies.percentileMs(0.5),
    );
    figures['one writer with pauses: from sending to receipt, p99, ms'] = figure(
      calm.latencies.percentileMs(0.99),
    );
    if (shown !== undefined) {
      figures['one writer with pauses: from sending to the screen of Chromium, p50, ms'] = figure(
        shown.percentileMs(0.5),
      );
      figures['one writer with pauses: from sending to the screen of Chromium, p99, ms'] = figure(
        shown.percentileMs(0.99),
      );
    }
    figures['writers at once, without pauses'] = `${writers.length}`;
    figures['messages stored and delivered, a second'] = figure(sent / seconds);
    figures['deliveries, a second'] = figure((sent * hearers.length) / seconds, 0);
    figures['from sending to receipt, p50, ms'] = figure(latencies.percentileMs(0.5));
    figures['from sending to receipt, p99, ms'] = figure(latencies.percentileMs(0.99));
    Object.assign(figures, await readings(server, writer, room, 'short history'));
  }
  fill(join(folder.path, 'earshot.sqlite'), room, options.history);
  await using server = await EarshotProcess.start(env);
  Object.assign(figures, await readings(server, writer, room, `${options.history} messages`));
  return { figures, problems };
}

interface Entered {
  readonly session: SessionAnswer;
  readonly room: string;
}

async function enter(server: EarshotProcess, name: string): Promise<Entered> {
  const session = await ask<SessionAnswer>(server, 'POST', '/sessions/guest', null, {
    app: server.app.key,
    name,
  });
  const { id } = await ask<{ id: string }>(server, 'POST', '/rooms/open', session, { kind: 'lobby' });
  return { session, room: id };
}

async function ask<Body>(
  server: EarshotProcess,
  method: string,
  path: string,
  session: SessionAnswer | null,
  body?: object,
): Promise<Body> {
  const response = await fetch(`http://127.0.0.1:${server.port}/chat/api/v1${path}`, {
    method,
    headers: {
      'Content-Type': 'application/json',
      ...(session === null ? {} : { Authorization: `Bearer ${session.accessToken}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Body;
}

/** Somebody who hears the room by a bare WebSocket, so that the measuring costs little. */
class Hearer {
  heard = 0;
  /** Times from sending to receipt, in microseconds. */
  onText: (text: string) => void = () => {};
  readonly #socket: WebSocket;

  static async open(server: EarshotProcess, session: SessionAnswer, room: string): Promise<Hearer> {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/app/${server.app.key}?protocol=7`);
    const hearer = new Hearer(socket);
    const first = JSON.parse((await hearer.next('pusher:connection_established')).data);
    const user = { socket_id: first.socket_id };
    const signIn = await ask<object>(server, 'POST', '/realtime/user-auth', session, user);
    socket.send(JSON.stringify({ event: 'pusher:signin', data: signIn }));
    await hearer.next('pusher:signin_success');
    const channel = messagesOf(room);
    const auth = await ask<object>(server, 'POST', '/realtime/auth', session, {
      ...user,
      channel_name: channel,
    });
    socket.send(JSON.stringify({ event: 'pusher:subscribe', data: { channel, ...auth } }));
    await hearer.next('pusher_internal:subscription_succeeded');
    socket.onmessage = ({ data }) => {
      const { event, data: inner } = JSON.parse(String(data));
      if (event !== 'new_message') return;
      hearer.heard++;
      hearer.onText((JSON.parse(inner) as { message: Message }).message.text);
    };
    return hearer;
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  next(event: string): Promise<{ data: string }> {
    return new Promise((resolve, reject) => {
      this.#socket.onmessage = ({ data }) => {
        const message = JSON.parse(String(data));
        if (message.event === event) resolve(message);
        else if (message.event === 'pusher:error') reject(new Error(String(data)));
      };
      this.#socket.onclose = ({ code }) => reject(new Error(`closed with ${code} before ${event}`));
    });
  }

  close(): void {
    this.#socket.onclose = null;
    this.#socket.close();
  }
}

/** A window of Chromium in the room, which notes when each message is on it: in the frame after it came to the document. */
class Screen {
  readonly #browser: Awaited<ReturnType<typeof startBrowser>>;
  readonly #window: BrowserWindow;

  static async open(server: EarshotProcess): Promise<Screen> {
    const browser = await startBrowser();
    const window = await browser.open();
    await window.page.goto(`http://127.0.0.1:${server.port}/chat?app=${server.app.key}`);
    const name = window.page.getByRole('textbox', { name: 'Your name' });
    await name.fill('Screen');
    await name.press('Enter');
    await window.page.getByRole('textbox', { name: 'Message' }).waitFor();
    await window.evaluate(`(() => {
      globalThis.shown = new Map();
      const roots = (node) => [...node.querySelectorAll('*')].flatMap((one) =>
        one.shadowRoot ? [one.shadowRoot, ...roots(one.shadowRoot)] : []);
      const log = [document, ...roots(document)].map((root) => root.querySelector('[role=log]')).find(Boolean);
      new MutationObserver(() => requestAnimationFrame(() => {
        const now = performance.timeOrigin + performance.now();
        for (const [sent] of log.textContent.matchAll(/\\d{13}\\.\\d+/g)) {
          if (!shown.has(sent)) shown.set(sent, now - Number(sent));
        }
      })).observe(log, { childList: true, subtree: true });
    })()`);
    return new Screen(browser, window);
  }

  private constructor(browser: Awaited<ReturnType<typeof startBrowser>>, window: BrowserWindow) {
    this.#browser = browser;
    this.#window = window;
  }

  async close(): Promise<Latencies> {
    const latencies = new Latencies();
    for (const ms of await this.#window.evaluate<number[]>('[...shown.values()]')) latencies.add(ms * 1000);
    await this.#browser[Symbol.asyncDispose]();
    return latencies;
  }
}

async function flood(
  server: EarshotProcess,
  writers: readonly Entered[],
  hearers: readonly Hearer[],
  seconds: number,
  pauseMs: number,
): Promise<{ sent: number; latencies: Latencies; seconds: number }> {
  const latencies = new Latencies();
  for (const hearer of hearers) {
    hearer.onText = (text) => latencies.add((clockMs() - Number(text)) * 1000);
  }
  const before = hearers[0]?.heard ?? 0;
  const startedAt = performance.now();
  let sent = 0;
  await Promise.all(
    writers.map(async ({ session, room }) => {
      while (performance.now() - startedAt < seconds * 1000) {
        const body = { id: crypto.randomUUID(), text: String(clockMs()) };
        await ask(server, 'POST', `/conversations/${room}/messages`, session, body);
        sent++;
        if (pauseMs > 0) await Bun.sleep(pauseMs);
      }
    }),
  );
  const deadline = performance.now() + 60_000;
  while (hearers.some(({ heard }) => heard < before + sent) && performance.now() < deadline)
    await Bun.sleep(10);
  return { sent, latencies, seconds: (performance.now() - startedAt) / 1000 };
}

/** How long single things take, the median of some, in milliseconds. */
async function readings(
  server: EarshotProcess,
  session: SessionAnswer,
  room: string,
  when: string,
): Promise<Record<string, string>> {
  const base = `/conversations/${room}`;
  const { lastSeq, lastChange } = await ask<{ lastSeq: number; lastChange: number }>(
    ...([server, 'GET', base, session] as const),
  );
  const get = (path: string) => () => ask(server, 'GET', base + path, session);
  const things: [string, () => Promise<unknown>][] = [
    ['newest page', get('/messages')],
    ['oldest page', get('/messages?before=51')],
    ['page in the middle', get(`/messages?around=${Math.ceil(lastSeq / 2)}`)],
    ['changes since 200 ago', get(`/changes?since=${Math.max(0, lastChange - 200)}`)],
    ['the conversation, unread counts and all', get('')],
    [
      'one message',
      () => ask(server, 'POST', `${base}/messages`, session, { id: crypto.randomUUID(), text: 'x' }),
    ],
  ];
  const figures: Record<string, string> = {};
  for (const [name, thing] of things) {
    const times: number[] = [];
    for (let round = 0; round < 25; round++) {
      const from = performance.now();
      await thing();
      times.push(performance.now() - from);
    }
    figures[`${name}, ${when}, ms`] = figure(times.sort((a, b) => a - b)[12] ?? 0);
  }
  return figures;
}

/** Puts messages of one author into the room at once, as many as are missing. */
function fill(file: string, room: string, count: number): void {
  const db = new Database(file);
  try {
    const row = db
      .query<{ app_id: string; last_seq: number; last_change: number }, [string]>(
        'select app_id, last_seq, last_change from chat_conversations where id = ?',
      )
      .get(room);
    if (row === null) throw new Error('the room is not there');
    const first = row.last_seq;
    db.run(
      `with recursive n(n) as (select 1 union all select n + 1 from n where n < ?)
       insert into chat_messages (app_id, conversation, seq, change, created_change, client_id, digest, author, kind, text, at)
       select ?, ?, ? + n, ? + n, ? + n, 'filled-' || n, '', 'somebody-who-is-not-there', 'text', 'message ' || n, ? + n from n`,
      [
        Math.max(1, count - first),
        row.app_id,
        room,
        first,
        row.last_change,
        row.last_change,
        1_700_000_000_000,
      ],
    );
    db.run(
      `update chat_conversations set last_seq = last_seq + ?, last_change = last_change + ?, published_change = last_change + ?
       where id = ?`,
      [...Array(3).fill(Math.max(1, count - first)), room],
    );
  } finally {
    db.close();
  }
}

/** As `work` for each index, ten at a time. */
async function inTens<One>(count: number, work: (index: number) => Promise<One>): Promise<One[]> {
  const done: One[] = [];
  for (let from = 0; from < count; from += 10) {
    const indexes = Array.from({ length: Math.min(10, count - from) }, (_, index) => from + index);
    done.push(...(await Promise.all(indexes.map(work))));
  }
  return done;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      members: { type: 'string', default: '1000' },
      writers: { type: 'string', default: '20' },
      seconds: { type: 'string', default: '10' },
      history: { type: 'string', default: '1000000' },
    },
  });
  const { figures, problems } = await chatLoad({
    members: Number(values.members),
    writers: Number(values.writers),
    seconds: Number(values.seconds),
    history: Number(values.history),
  });
  for (const [name, value] of Object.entries(figures)) console.log(`${name.padEnd(70)} ${value}`);
  for (const problem of problems) console.log(`FAILED: ${problem}`);
  process.exit(problems.length === 0 ? 0 : 1);
}
