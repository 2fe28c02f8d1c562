import { expect, test } from 'bun:test';
import { Carried } from './carried.ts';

const bytes = new Uint8Array([0, 255, 10, 128]);

test('what was recorded is there after it was written down and read', () => {
  const one = new Carried();
  one.record();
  one.bundled('key', { files: new Map([['main-x.js', bytes]]), entries: ['main-x.js'] });
  one.read('@earshot/ui/mark.svg', bytes);
  const other = new Carried();
  other.load(one.toText());
  expect(other.bundle('key')).toEqual({ files: new Map([['main-x.js', bytes]]), entries: ['main-x.js'] });
  expect(other.file('@earshot/ui/mark.svg')).toEqual(bytes);
});

test('a server that runs from its sources carries nothing', () => {
  const carried = new Carried();
  carried.bundled('key', { files: new Map(), entries: [] });
  carried.read('file', bytes);
  expect(carried.bundle('key')).toBeNull();
  expect(carried.file('file')).toBeNull();
});
