import { expect, test } from 'bun:test';
import { chaos } from './chaos/run.ts';

// The short form; `npm run test:long` sends 10,000 messages and kills the server twenty times.
test('while connections are cut and the server is killed nothing is lost, nothing doubled and order kept', async () => {
  const { problems, figures } = await chaos({ chatters: 20, messages: 300, kills: 2, patienceMs: 90_000 });
  expect(problems).toEqual([]);
  expect(figures.messages).toBe(300);
}, 400_000);
