import { expect, test } from 'bun:test';
import { belowPrefix, targetOf } from './target.ts';

test('a URL is split where it was written, nothing decoded', () => {
  expect(targetOf('http://h:1/a%20b//c?x=%2C,&y')).toEqual({ path: '/a%20b//c', query: 'x=%2C,&y' });
  expect(targetOf('http://h:1/')).toEqual({ path: '/', query: '' });
  expect(targetOf('/a?b?c')).toEqual({ path: '/a', query: 'b?c' });
});

test('a prefix is taken off whole parts only', () => {
  expect(belowPrefix('/x/apps/1', '/x')).toBe('/apps/1');
  expect(belowPrefix('/x', '/x')).toBe('/');
  expect(belowPrefix('/xy/apps/1', '/x')).toBeNull();
  expect(belowPrefix('/apps/1', '')).toBe('/apps/1');
});
