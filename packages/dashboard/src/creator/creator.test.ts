import { expect, test } from 'bun:test';
import { aboutChannel, bytesOf, problemsOf } from './draft.ts';
import { keepRecent, readRecent, recentDataMax, recentMax, type Shelf, withRecent } from './recent.ts';

const draft = { channel: 'news', event: 'greeting', data: '{}' };

class MemoryShelf implements Shelf {
  readonly items = new Map<string, string>();
  getItem = (key: string) => this.items.get(key) ?? null;
  setItem = (key: string, value: string) => void this.items.set(key, value);
  removeItem = (key: string) => void this.items.delete(key);
}

const refusing: Shelf = {
  getItem() {
    throw new Error('forbidden');
  },
  setItem() {
    throw new Error('full');
  },
  removeItem() {
    throw new Error('forbidden');
  },
};

test('recent events: the newest first, each once, bounded, without the socket that was left out', () => {
  let drafts = withRecent([], { ...draft, socketId: '1.2' });
  expect(drafts).toEqual([draft]);
  drafts = withRecent(withRecent(drafts, { ...draft, event: 'b' }), draft);
  expect(drafts.map(({ event }) => event)).toEqual(['greeting', 'b']);
  for (let i = 0; i < 20; i++) drafts = withRecent(drafts, { ...draft, event: `e${i}` });
  expect([drafts.length, drafts[0]?.event]).toEqual([recentMax, 'e19']);
  expect(withRecent(drafts, { ...draft, data: 'x'.repeat(recentDataMax + 1) })).toBe(drafts);
});

test('recent events are kept for each app of its own', () => {
  const shelf = new MemoryShelf();
  expect(keepRecent(shelf, '1', [draft])).toBe(true);
  expect(readRecent(shelf, '1')).toEqual([draft]);
  expect(readRecent(shelf, '2')).toEqual([]);
  keepRecent(shelf, '1', []);
  expect(shelf.items.size).toBe(0);
});

test('what others wrote there, and a browser that forbids it, do no harm', () => {
  const shelf = new MemoryShelf();
  for (const text of ['{', 'null', '7', '[null,7,{"channel":1}]', '{"length":9}']) {
    shelf.items.set('earshot-desk-recent-1', text);
    expect([text, readRecent(shelf, '1')]).toEqual([text, []]);
  }
  expect(readRecent(refusing, '1')).toEqual([]);
  expect(keepRecent(refusing, '1', [draft])).toBe(false);
  expect(keepRecent(null, '1', [draft])).toBe(false);
});

test.each([
  [draft, []],
  [{ ...draft, channel: '' }, ['channel']],
  [{ ...draft, channel: 'a b' }, ['channel']],
  [{ ...draft, channel: '#server-to-user-ada' }, []],
  [{ ...draft, event: '' }, ['event']],
  [{ ...draft, event: 'pusher:ping' }, ['event']],
  [{ ...draft, event: 'client-anything' }, []],
  [{ ...draft, socketId: '12' }, ['socketId']],
  [{ ...draft, socketId: '12.34' }, []],
])('%j', (one, fields) => {
  expect([...problemsOf(one).keys()]).toEqual(fields as never[]);
});

test('bytes are those on the wire', () => {
  expect([bytesOf('abc'), bytesOf('é'), bytesOf('😀')]).toEqual([3, 2, 4]);
});

test('what a channel is, is said', () => {
  expect(aboutChannel('private-cache-a')).toContain('keeps its last event');
  expect(aboutChannel('#server-to-user-ada')).toBe('All connections of the user ada.');
  expect(aboutChannel('')).toBeNull();
});
