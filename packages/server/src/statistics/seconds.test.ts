import { expect, test } from 'bun:test';
import { noConnections } from '../apps/tally.ts';
import { ConnectionSeconds, mostOf } from './seconds.ts';

function minute(...notes: [second: number, websocket: number, polling?: number][]): string {
  const seconds = new ConnectionSeconds();
  for (const [second, websocket, xhr_polling = 0] of notes) {
    seconds.note(second, { ...noConnections(), websocket, xhr_polling });
  }
  return seconds.toString();
}

test('a row says what changes, and nothing where nobody was there', () => {
  expect(minute([0, 1000], [10, 1000], [31, 1002, 1], [32, 1000])).toBe('0:1000 31:1002.0.1 32:1000');
  expect(minute([0, 0], [59, 0])).toBe('');
  expect(minute([20, 5], [21, 0])).toBe('20:5 21:0');
});

test('of one second the most counts', () => {
  expect(minute([7, 3], [7, 5], [7, 4])).toBe('7:5');
});

test('nodes add up where they had connections in the same second', () => {
  const moved = [
    { node: 'a', seconds: minute([0, 1000], [30, 0]) },
    { node: 'b', seconds: minute([30, 1000]) },
  ];
  expect(mostOf(moved)).toMatchObject({ peak: 1000, peakSecond: 0 });
  const together = [
    { node: 'a', seconds: minute([0, 10], [20, 40], [30, 0]) },
    { node: 'b', seconds: minute([0, 5, 1], [29, 8, 2]) },
  ];
  expect(mostOf(together)).toEqual({
    connections: { websocket: 48, xhr_streaming: 0, xhr_polling: 2, event_stream: 0 },
    peak: 50,
    peakSecond: 29,
  });
});

test('of several rows of one node, whose clock was set back, the larger one counts', () => {
  const rows = [
    { node: 'a', seconds: minute([0, 10], [40, 0]) },
    { node: 'a', seconds: minute([20, 12]) },
  ];
  expect(mostOf(rows)).toMatchObject({ peak: 12, peakSecond: 20 });
});

test('nonsense counts as nothing', () => {
  expect(mostOf([{ node: 'a', seconds: 'x:y 99:4 :: 3' }])).toMatchObject({ peak: 0, peakSecond: 0 });
  expect(mostOf([])).toEqual({ connections: noConnections(), peak: 0, peakSecond: 0 });
});
