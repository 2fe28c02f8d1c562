import { expect, test } from 'bun:test';
import { ManualClock } from '@earshot/base';
import { Readiness } from './readiness.ts';

const intervalMs = 1_000;

function watched(times: number) {
  const clock = new ManualClock();
  const readiness = new Readiness(clock);
  const ask = (isReady: boolean) => {
    clock.advance(intervalMs);
    return readiness.asked(isReady);
  };
  for (let n = 0; n < times; n++) ask(true);
  let isNoticed = false;
  const drain = async (maxMs: number) => {
    await readiness.noticed(maxMs);
    isNoticed = true;
  };
  const seen = async () => {
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    return isNoticed;
  };
  return { clock, readiness, ask, drain, seen };
}

test('the answer is handed on', () => {
  const { ask } = watched(0);
  expect([ask(true), ask(false)]).toEqual([true, false]);
});

test('who asks again and again has been told three times', async () => {
  const { clock, ask, drain, seen } = watched(4);
  void drain(10_000);
  expect(await seen()).toBe(false);
  for (let n = 0; n < 2; n++) {
    ask(false);
    expect(await seen()).toBe(false);
  }
  ask(false);
  clock.advance(20);
  expect(await seen()).toBe(true);
});

test('what was told before the server was ready does not count', async () => {
  const { clock, ask, drain, seen } = watched(0);
  for (let n = 0; n < 4; n++) ask(false);
  ask(true);
  void drain(10_000);
  for (let n = 0; n < 3; n++) {
    expect(await seen()).toBe(false);
    ask(false);
  }
  clock.advance(20);
  expect(await seen()).toBe(true);
});

test('nobody is waited for who asked a few times, or long ago, or seldom', async () => {
  const few = watched(3);
  void few.drain(10_000);
  expect(await few.seen()).toBe(true);

  const before = watched(10);
  before.clock.advance(intervalMs * 2 + 1);
  void before.drain(10_000);
  expect(await before.seen()).toBe(true);

  const seldom = watched(10);
  seldom.clock.advance(20_000);
  seldom.readiness.asked(true);
  void seldom.drain(10_000);
  expect(await seldom.seen()).toBe(true);
});

test('who asks no more is not waited for any longer, and nobody for longer than that', async () => {
  const { clock, drain, seen } = watched(4);
  void drain(10_000);
  clock.advance(intervalMs * 2);
  expect(await seen()).toBe(false);
  clock.advance(20);
  expect(await seen()).toBe(true);

  const long = watched(4);
  void long.drain(1_500);
  long.ask(false);
  expect(await long.seen()).toBe(false);
  clock.advance(500);
  long.clock.advance(520);
  expect(await long.seen()).toBe(true);
});

test('several who ask at the same time are one', async () => {
  const { clock, readiness, ask, drain, seen } = watched(4);
  void drain(10_000);
  for (let n = 0; n < 3; n++) {
    readiness.asked(false);
    clock.advance(10);
  }
  expect(await seen()).toBe(false);
  for (let n = 0; n < 3; n++) ask(false);
  clock.advance(20);
  expect(await seen()).toBe(true);
});
