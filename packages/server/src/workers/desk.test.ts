import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog, systemClock } from '@earshot/base';
import { connectLink } from '../link/sockets.ts';
import { Desk, type DeskState, deskFormat } from './desk.ts';

/** A desk, and workers that have connected to it. */
async function setUp(workers: number) {
  const folder = mkdtempSync(join(tmpdir(), 'earshot-desk-'));
  const desk = new Desk({
    clock: systemClock,
    log: createLog('silent'),
    leaseMs: 15_000,
    folder,
    ports: { port: 1, tlsPort: null },
    database: null,
    workers,
  });
  const connect = async (id: string) => {
    const link = await connectLink(desk.path, (_stage, error) => {
      throw error;
    });
    const states: DeskState[] = [];
    link.on<DeskState>('state', (state) => states.push(state));
    link.on('heard', () => null);
    await link.ask('hello', { format: deskFormat, id });
    return { link, states };
  };
  return {
    desk,
    connect,
    async [Symbol.asyncDispose]() {
      await desk.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

test('workers of the first start begin to listen together, later ones at once', async () => {
  await using setting = await setUp(2);
  const { desk, connect } = setting;
  const prepared: string[] = [];
  desk.onPrepared((id) => prepared.push(id));
  const [one, two] = [await connect('1'), await connect('2')];
  let mayListen = 0;
  const ask = async ({ link }: typeof one) => {
    await link.ask('prepared');
    mayListen++;
  };
  const first = ask(one);
  // A second round trip: had the answer to the first question been sent, it would be here.
  await one.link.ask('sessions.find', 'x');
  expect({ prepared, mayListen }).toEqual({ prepared: ['1'], mayListen: 0 });
  await Promise.all([first, ask(two)]);
  expect({ prepared, mayListen }).toEqual({ prepared: ['1', '2'], mayListen: 2 });

  await one.link.ask('ready');
  await desk.heard();
  expect(two.states.at(-1)).toMatchObject({ hasStarted: false, ready: 1 });
  await two.link.ask('ready');
  await desk.heard();
  expect(one.states.at(-1)).toMatchObject({ hasStarted: true, ready: 2 });

  await ask(await connect('3'));
  two.link.close();
  // The desk has seen the end of the second when it says that one is left.
  while (one.states.at(-1)?.ready !== 1) await Bun.sleep(1);
  expect(one.states.at(-1)).toMatchObject({ hasStarted: true, ready: 1 });
});
