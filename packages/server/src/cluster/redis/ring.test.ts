import { expect, test } from 'bun:test';
import { Ring } from './ring.ts';

const topics = Array.from({ length: 10_000 }, (_, i) => `3/presence-room-${i}`);

test('one server has everything', () => {
  const ring = new Ring(['127.0.0.1:6379/0']);
  expect(topics.every((topic) => ring.of(topic) === 0)).toBe(true);
});

test('the shares of several servers are about equal', () => {
  const ring = new Ring(['a:1/0', 'b:1/0', 'c:1/0']);
  const shares = [0, 0, 0];
  for (const topic of topics) {
    const index = ring.of(topic);
    shares[index] = (shares[index] ?? 0) + 1;
  }
  for (const share of shares) {
    expect(share).toBeGreaterThan(2_600);
    expect(share).toBeLessThan(4_100);
  }
});

test('the order of the names does not matter', () => {
  const [one, two] = [
    ['a:1/0', 'b:1/0'],
    ['b:1/0', 'a:1/0'],
  ];
  const [first, second] = [new Ring(one), new Ring(two)];
  for (const topic of topics) expect(one[first.of(topic)]).toBe(two[second.of(topic)] ?? '');
});

test('a server more takes its share, and nothing moves between the others', () => {
  const names = ['a:1/0', 'b:1/0', 'c:1/0'];
  const [before, after] = [new Ring(names.slice(0, 2)), new Ring(names)];
  for (const topic of topics) {
    const now = after.of(topic);
    if (now !== 2) expect(now).toBe(before.of(topic));
  }
});

test('nodes of any version agree', () => {
  const ring = new Ring(['10.0.0.1:6379/0', '10.0.0.2:6379/0']);
  expect(topics.slice(0, 12).map((topic) => ring.of(topic))).toEqual([1, 0, 1, 1, 1, 1, 1, 0, 0, 0, 1, 0]);
});
