import { expect, test } from 'bun:test';
import { ManualClock } from '@earshot/base';
import { eventCacheContract } from './event-cache.contract.ts';
import { MemoryEventCache } from './event-cache-memory.ts';

eventCacheContract('memory event cache', async () => {
  const clock = new ManualClock();
  const cache = new MemoryEventCache(clock);
  return { clock, connect: async () => cache };
});

test('memory event cache: what it holds is bounded, the oldest go first', async () => {
  const clock = new ManualClock();
  const cache = new MemoryEventCache(clock);
  const frame = 'x'.repeat(8 * 1024 * 1024);
  const expiresAt = clock.now() + 60_000;
  for (let i = 0; i < 10; i++) await cache.set('1', `cache-${i}`, { frame, expiresAt });
  const kept = await Promise.all(Array.from({ length: 10 }, (_, i) => cache.get('1', `cache-${i}`)));
  expect(kept.map((event) => event !== null)).toEqual([
    false,
    false,
    ...Array.from({ length: 8 }, () => true),
  ]);
});
