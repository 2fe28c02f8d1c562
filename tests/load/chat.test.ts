import { expect, test } from 'bun:test';
import { chatLoad } from './chat.ts';

// That the measuring works and everybody gets everything; figures come from `bun tests/load/chat.ts`.
test('all of a room get every message that is stored, and a filled history can be read', async () => {
  const { problems, figures } = await chatLoad({ members: 20, writers: 4, seconds: 0.5, history: 2_000 });
  expect(problems).toEqual([]);
  expect(Object.keys(figures).length).toBeGreaterThan(10);
}, 240_000);
