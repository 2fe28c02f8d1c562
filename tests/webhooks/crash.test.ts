import { expect, test } from 'bun:test';
import { crash } from './crash/run.ts';

// The short form; `npm run test:long` kills the server two hundred times. A failure names the seed.
test('HOOK-10: what clients saw was told, in order, however often the server was killed', async () => {
  const seed = Number(process.env.EARSHOT_TEST_SEED ?? Date.now() % 1_000_000);
  const { problems, figures } = await crash({ seed, kills: 5, clients: 6, patienceMs: 60_000 });
  expect({ seed, problems }).toEqual({ seed, problems: [] });
  expect(figures.kills).toBe(5);
}, 400_000);
