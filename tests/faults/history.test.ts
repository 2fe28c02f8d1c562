import { expect, test } from 'bun:test';
import { judge, onTheWayMs, outages, type Seen, type Sent } from './support/history.ts';

const nothing = { doubled: [], outOfOrder: [], lost: [], ghosts: [], missing: [] };
const list: Seen = { what: 'list', ids: ['a', 'b'] };
const here = (at: number): Seen => ({ what: 'here', at });
const away = (at: number): Seen => ({ what: 'away', at });
const event = (number: number): Seen => ({ what: 'event', publisher: 'p', number, at: 0 });
/** Events that were sent at these times and accepted at once. */
const sent = (...times: number[]) =>
  new Map([['p', times.map((at): Sent => ({ sentAt: at, answeredAt: at }))]]);

test('a history in which all is well', () => {
  const history: Seen[] = [
    here(0),
    list,
    { what: 'added', id: 'c' },
    { what: 'removed', id: 'a' },
    event(1),
    event(2),
  ];
  expect(judge(history, new Set(['b', 'c']), sent(1, 2))).toEqual(nothing);
});

test('who is told twice', () => {
  const history: Seen[] = [list, { what: 'added', id: 'a' }, { what: 'removed', id: 'z' }];
  expect(judge(history, new Set(['a', 'b'])).doubled).toEqual(['a added', 'z removed']);
});

test('ghosts, and who is missing', () => {
  expect(judge([list], new Set(['b', 'c']))).toEqual({ ...nothing, ghosts: ['a'], missing: ['c'] });
});

test('events that are doubled, late or lost', () => {
  const findings = judge([here(0), ...[1, 3, 2, 3].map(event)], new Set(), sent(1, 2, 3, 4, 5));
  expect(findings.lost.map(({ number }) => number)).toEqual([4, 5]);
  expect({ ...findings, lost: [] }).toEqual({ ...nothing, doubled: ['p 3'], outOfOrder: ['p 2'] });
});

test('events that several nodes took have an order for each node', () => {
  const published = new Map([
    ['p', ['a', 'b', 'a', 'b'].map((by): Sent => ({ sentAt: 0, answeredAt: 0, by }))],
  ]);
  expect(judge([2, 1, 4, 3].map(event), new Set(), published).outOfOrder).toEqual([]);
  expect(judge([2, 3, 1, 4].map(event), new Set(), published).outOfOrder).toEqual(['p 1']);
});

test('what was sent while a client was away is not lost, what was sent well before it went and after it came is', () => {
  const gone = 10_000;
  const times = [5_000, gone - onTheWayMs, gone - 1, gone + 1, gone + 2_000, gone + 3_000];
  const history = [here(0), away(gone), here(gone + 2_000), event(6)];
  expect(judge(history, new Set(), sent(...times)).lost.map(({ number }) => number)).toEqual([1, 2, 5]);
});

test('how long a client was away', () => {
  expect(outages([here(0), away(100), away(120), here(150), away(200)])).toEqual([50]);
});

test('a list that comes anew counts', () => {
  const history: Seen[] = [list, { what: 'list', ids: ['x'] }, { what: 'added', id: 'a' }];
  expect(judge(history, new Set(['a', 'x']))).toEqual(nothing);
});
