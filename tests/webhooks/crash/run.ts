import Publisher from 'pusher';
import { eventually, HookReceiver } from '../../support/hooks.ts';
import { EarshotProcess } from '../../support/process.ts';
import { freePort } from '../../support/program.ts';
import { temporaryFolder, vectorApp } from '../../support/server.ts';
import { Churner } from './churner.ts';
import { type Comparison, compare, toldByKey } from './compare.ts';
import { dice } from './dice.ts';

export interface CrashOptions {
  readonly seed: number;
  readonly kills: number;
  readonly clients: number;
  /** How long everything that is over may take to be told at the end. */
  readonly patienceMs: number;
  readonly say?: (line: string) => void;
}

const channels = [
  ...Array.from({ length: 30 }, (_, n) => `room-${n}`),
  ...Array.from({ length: 10 }, (_, n) => `presence-${n}`),
];

/**
 * Kills the server at moments that dice choose, while stock clients come and go, and compares what they saw with what the
 * endpoint was told.
 */
export async function crash(options: CrashOptions): Promise<Comparison> {
  const { say = () => undefined } = options;
  const roll = dice(options.seed);
  const pick = <One>(list: readonly One[]): One => list[Math.floor(roll() * list.length)] as One;
  using receiver = new HookReceiver();
  await using folder = await temporaryFolder();
  const port = await freePort();
  const start = () =>
    EarshotProcess.start(
      {
        ...receiver.env({
          EARSHOT_APP_WEBHOOK_EVENTS: 'channel_occupied,channel_vacated,member_added,member_removed',
        }),
        EARSHOT_PORT: String(port),
        EARSHOT_DATA_DIR: folder.path,
        EARSHOT_LEASE_SECONDS: '3',
        EARSHOT_APP_WEBHOOK_BATCHING: String(roll() < 0.5),
      },
      options.patienceMs,
    );
  let server = await start();
  // Two clients are one user, so that members come and go with several connections.
  const clients = Array.from({ length: options.clients }, (_, n) => new Churner(port, `user-${n >> 1}`));
  const kills: number[] = [];
  let isOver = false;
  const churning = Promise.all(
    clients.map(async (client) => {
      while (!isOver) {
        if (client.size < 3 || (client.size < 8 && roll() < 0.5)) client.join(pick(channels));
        else client.leave(pick(client.names));
        await Bun.sleep(5 + roll() * 120);
      }
    }),
  );
  const startedAt = performance.now();
  try {
    for (let kill = 1; kill <= options.kills; kill++) {
      // A kill that nobody is there for shows nothing.
      for (const client of clients) client.hurry();
      await eventually(
        () => clients.filter(({ isConnected }) => isConnected).length >= clients.length / 2,
        'clients',
      );
      // Now and then long enough for ends to last and leases to run out.
      const kind = roll();
      await Bun.sleep(kind < 0.05 ? 12_000 : kind < 0.25 ? 3_000 + roll() * 4_000 : roll() * 2_500);
      server.signal('SIGKILL');
      const at = Date.now();
      kills.push(at);
      for (const client of clients) client.crashed(at);
      await server.exited;
      const dead = server;
      server = await start();
      await dead[Symbol.asyncDispose]();
      say(`killed for the ${kill}. time; ${receiver.seen.length} requests so far`);
    }
    // Ends of the last stretch have to last too.
    await Bun.sleep(10_000);
    isOver = true;
    await churning;
    for (const client of clients) for (const name of client.names) client.leave(name);
    for (const client of clients) client.disconnect();
    const deadline = performance.now() + options.patienceMs;
    const isTold = () =>
      [...toldByKey(receiver.seen).byKey.values()].every((told) => told.at(-1)?.begins === false);
    do await Bun.sleep(500);
    while (!isTold() && performance.now() < deadline);
  } finally {
    isOver = true;
    for (const client of clients) client.disconnect();
    await server[Symbol.asyncDispose]();
  }
  const result = compare(
    clients.flatMap(({ holds }) => holds),
    receiver.seen,
    kills,
  );
  const library = new Publisher({ ...vectorApp, appId: vectorApp.id, host: 'x' });
  const unsigned = receiver.seen.filter(
    ({ headers, body }) =>
      !library.webhook({ headers: Object.fromEntries(headers), rawBody: body } as never).isValid(),
  );
  if (unsigned.length > 0)
    result.problems.push(`${unsigned.length} requests are not signed as the library expects`);
  return {
    problems: result.problems,
    figures: {
      seed: options.seed,
      kills: kills.length,
      seconds: Math.round((performance.now() - startedAt) / 1_000),
      requests: receiver.seen.length,
      ...result.figures,
    },
  };
}
