import type { Message } from '@earshot/chat/contract';
import { EarshotProcess } from '../../support/process.ts';
import { freePort } from '../../support/program.ts';
import { temporaryFolder, vectorApp } from '../../support/server.ts';
import { Chatter } from './chatter.ts';

export interface ChaosOptions {
  readonly chatters: number;
  /** All messages together. */
  readonly messages: number;
  /** How often the server is killed. */
  readonly kills: number;
  /** How long everybody has to be complete when all is sent. */
  readonly patienceMs: number;
  readonly say?: (line: string) => void;
}

export interface ChaosResult {
  /** What must not be; empty when all is well. */
  readonly problems: string[];
  readonly figures: Record<string, number>;
}

const emojis = ['👍', '🎉', '❤️'];
const pick = <One>(list: readonly One[]): One => list[Math.floor(Math.random() * list.length)] as One;

/**
 * People write into one room while connections are cut, tabs sleep and the server is killed at moments that nobody
 * chooses. In the end each of them has to have every message that was answered, once, in one order.
 */
export async function chaos(options: ChaosOptions): Promise<ChaosResult> {
  await using folder = await temporaryFolder();
  const port = await freePort();
  const server = new Restarting(port, folder.path);
  await server.start();
  const chatters: Chatter[] = [];
  try {
    for (let index = 0; index < options.chatters; index++) {
      chatters.push(await Chatter.enter({ port, app: vectorApp.key }, `Chatter ${index}`));
    }
    return await talk(chatters, server, options);
  } finally {
    for (const chatter of chatters) chatter.leave();
    await server.stop();
  }
}

async function talk(
  chatters: readonly Chatter[],
  server: Restarting,
  options: ChaosOptions,
): Promise<ChaosResult> {
  const { say = () => {} } = options;
  const each = Math.ceil(options.messages / chatters.length);
  const startedAt = performance.now();
  let sent = 0;
  let drops = 0;
  let sleeps = 0;
  let over = false;
  const writing = Promise.all(
    chatters.map(async (chatter, who) => {
      for (let number = 1; number <= each; number++) {
        await chatter.say(`${who}/${number}`);
        sent++;
        const known = [...chatter.shown.keys()];
        if (number % 10 === 0 && known.length > 0) await chatter.react(pick(known), pick(emojis));
        const own = chatter.answered.at(-1);
        if (number % 15 === 0 && own !== undefined) await chatter.edit(own.seq, `${who}/${number} edited`);
        await Bun.sleep(Math.random() * 20);
      }
    }),
  ).finally(() => {
    over = true;
  });
  const cutting = (async () => {
    while (!over) {
      await Bun.sleep(100 + Math.random() * 200);
      const chatter = pick(chatters);
      const turn = Math.random();
      if (turn < 0.4) chatter.drop();
      // As an operator or a kick does it.
      else if (turn < 0.7) await server.terminate(chatter.session);
      else {
        chatter.sleep();
        sleeps++;
        setTimeout(() => chatter.wake(), 200 + Math.random() * 3_000);
      }
      drops++;
    }
  })();
  const killing = (async () => {
    for (let kill = 1; kill <= options.kills; kill++) {
      const until = (kill / (options.kills + 1)) * chatters.length * each;
      while (sent < until && !over) await Bun.sleep(5);
      await Bun.sleep(Math.random() * 50);
      await server.kill();
      say(`killed for the ${kill}. time after ${sent} messages`);
    }
  })();
  await Promise.all([writing, cutting, killing]);
  const sentMs = performance.now() - startedAt;
  for (const chatter of chatters) chatter.wake();
  const truth = await complete(chatters, options.patienceMs);
  const sum = (name: keyof Chatter['figures']) =>
    chatters.reduce((total, { figures }) => total + figures[name], 0);
  const caughtUp = chatters.flatMap(({ caughtUpMs }) => caughtUpMs).sort((a, b) => a - b);
  return {
    problems: [...chatters.flatMap((chatter, who) => wrong(chatter, who, each, truth)), ...doubled(truth)],
    figures: {
      chatters: chatters.length,
      messages: truth.length,
      kills: options.kills,
      'connections cut': drops,
      sleeps,
      'connections made': sum('connections'),
      'subscriptions refused': sum('refusals'),
      'events heard': sum('events'),
      'events that came again': sum('repeated'),
      'times caught up': sum('catchUps'),
      'times too much': sum('tooMuch'),
      'requests made': sum('tries'),
      'seconds of writing': Math.round(sentMs / 1000),
      'ms to catch up, median': Math.round(caughtUp[Math.floor(caughtUp.length / 2)] ?? 0),
      'ms to catch up, most': Math.round(caughtUp.at(-1) ?? 0),
    },
  };
}

/** Waits until everybody has everything, or has had long enough for it; gives what there is. */
async function complete(chatters: readonly Chatter[], patienceMs: number): Promise<Message[]> {
  const [first] = chatters;
  if (first === undefined) return [];
  const truth = await first.history();
  const last = Math.max(...truth.map(({ change }) => change));
  const deadline = performance.now() + patienceMs;
  while (chatters.some(({ known }) => known < last) && performance.now() < deadline) await Bun.sleep(20);
  return truth;
}

function wrong(chatter: Chatter, who: number, each: number, truth: readonly Message[]): string[] {
  const problems: string[] = [];
  const shown = [...chatter.shown.values()].sort((a, b) => a.seq - b.seq);
  const stateOf = (message: Message | undefined) =>
    message && JSON.stringify([message.seq, message.id, message.text, message.reactions]);
  for (const [index, message] of truth.entries()) {
    if (message.seq !== index + 1) problems.push(`the history has a hole before ${message.seq}`);
    const seen = chatter.shown.get(message.seq);
    if (seen === undefined) problems.push(`LOST: ${who} does not have ${message.seq}`);
    else if (stateOf(seen) !== stateOf(message)) problems.push(`STALE: ${who} has an old ${message.seq}`);
  }
  if (shown.length > truth.length) problems.push(`${who} has messages that nobody knows`);
  const ids = new Set(shown.map(({ id }) => id));
  if (ids.size !== shown.length) problems.push(`DOUBLED: ${who} has ${shown.length - ids.size} twice`);
  if (chatter.answered.length !== each)
    problems.push(`${who} got ${chatter.answered.length} answers of ${each}`);
  for (const [index, { id, seq }] of chatter.answered.entries()) {
    if (truth[seq - 1]?.id !== id) problems.push(`LOST: what ${who} was told to be ${seq} is not there`);
    if (seq <= (chatter.answered[index - 1]?.seq ?? 0)) problems.push(`ORDER: ${who} has ${seq} too early`);
  }
  return problems;
}

function doubled(truth: readonly Message[]): string[] {
  const texts = Map.groupBy(truth, ({ text }) => text.replace(/ edited$/, ''));
  return [...texts].flatMap(([text, all]) =>
    all.length > 1 ? [`DOUBLED: ${text} is there ${all.length} times`] : [],
  );
}

/** A server that is killed and started again on its port and data. */
class Restarting {
  readonly #port: number;
  readonly #folder: string;
  #process: EarshotProcess | undefined;

  constructor(port: number, folder: string) {
    this.#port = port;
    this.#folder = folder;
  }

  async start(): Promise<void> {
    this.#process = await EarshotProcess.start({
      EARSHOT_PORT: String(this.#port),
      EARSHOT_DATA_DIR: this.#folder,
      EARSHOT_LOG_LEVEL: 'info',
      EARSHOT_APP_CHAT_SIGN_INS_PER_MINUTE: '0',
      EARSHOT_APP_CHAT_REQUESTS_PER_MINUTE: '0',
      EARSHOT_APP_CHAT_MESSAGES_PER_MINUTE: '0',
      EARSHOT_APP_CHAT_ROOM_MESSAGES_PER_MINUTE: '0',
      EARSHOT_APP_CHAT_ADDRESS_REQUESTS_PER_MINUTE: '0',
    });
  }

  async kill(): Promise<void> {
    const dying = this.#process;
    dying?.signal('SIGKILL');
    await dying?.exited;
    await this.start();
    await dying?.[Symbol.asyncDispose]();
  }

  /** Closes the connections of a session; a server that is down has none. */
  async terminate(session: string): Promise<void> {
    await this.#process?.api.terminate(session).catch(() => undefined);
  }

  async stop(): Promise<void> {
    await this.#process?.[Symbol.asyncDispose]();
  }
}
