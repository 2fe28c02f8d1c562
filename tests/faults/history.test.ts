import { expect, test } from 'bun:test';
import { judge, type Seen } from './support/history.ts';

const nothing = { doubled: [], outOfOrder: [], lost: 0, ghosts: [], missing: [] };
const list: Seen = { what: 'list', ids: ['a', 'b'] };

test('a history in which all is well', () => {
  const history: Seen[] = [
    list,
    { what: 'added', id: 'c' },
    { what: 'removed', id: 'a' },
    { what: 'event', publisher: 'p', number: 1 },
    { what: 'event', publisher: 'p', number: 2 },
  ];
  expect(judge(history, new Set(['b', 'c']), new Map([['p', 2]]))).toEqual(nothing);
});

test('who is told twice', () => {
  const history: Seen[] = [list, { what: 'added', id: 'a' }, { what: 'removed', id: 'z' }];
  expect(judge(history, new Set(['a', 'b'])).doubled).toEqual(['a added', 'z removed']);
});

test('ghosts, and who is missing', () => {
  expect(judge([list], new Set(['b', 'c']))).toEqual({ ...nothing, ghosts: ['a'], missing: ['c'] });
});

test('events that are doubled, late or lost', () => {
  const events = [1, 3, 2, 3].map((number): Seen => ({ what: 'event', publisher: 'p', number }));
  expect(judge(events, new Set(), new Map([['p', 5]]))).toEqual({
    ...nothing,
    doubled: ['p 3'],
    outOfOrder: ['p 2'],
    lost: 2,
  });
});

test('a list that comes anew counts', () => {
  const history: Seen[] = [list, { what: 'list', ids: ['x'] }, { what: 'added', id: 'a' }];
  expect(judge(history, new Set(['a', 'x']))).toEqual(nothing);
});
