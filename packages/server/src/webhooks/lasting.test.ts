import { expect, test } from 'bun:test';
import { ManualClock } from '@earshot/base';
import { Lasting } from './lasting.ts';

function setUp() {
  const clock = new ManualClock();
  const due: string[][] = [];
  return { clock, due, lasting: new Lasting<string>(clock, 100, (values) => due.push([...values])) };
}

test('what is not taken back happens after the delay, and together with what is due at that moment', () => {
  const { clock, due, lasting } = setUp();
  for (const key of ['a', 'b', 'c']) lasting.add(key, key);
  expect([lasting.takeBack('b'), lasting.takeBack('b'), lasting.has('a')]).toEqual([true, false, true]);
  clock.advance(99);
  expect(due).toEqual([]);
  clock.advance(1);
  expect(due).toEqual([['a', 'c']]);
  expect(lasting.has('a')).toBe(false);
});

test('what waits already goes on waiting; taken back and added again it waits anew', () => {
  const { clock, due, lasting } = setUp();
  lasting.add('a', 'first');
  lasting.add('b', 'b');
  clock.advance(60);
  lasting.add('a', 'second');
  lasting.takeBack('b');
  lasting.add('b', 'b again');
  clock.advance(40);
  expect(due).toEqual([['first']]);
  clock.advance(60);
  expect(due).toEqual([['first'], ['b again']]);
});

test('when all is taken back, or it is stopped, nothing happens', () => {
  const { clock, due, lasting } = setUp();
  lasting.add('a', 'a');
  lasting.takeBack('a');
  clock.advance(1_000);
  lasting.add('b', 'b');
  lasting.stop();
  clock.advance(1_000);
  expect(due).toEqual([]);
});
