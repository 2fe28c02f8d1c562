import { expect, test } from 'bun:test';
import { ManualClock } from '@earshot/base';
import type { BusUnderTest } from './bus.contract.ts';
import { eventCacheContract } from './event-cache.contract.ts';
import { MemoryEventCache } from './event-cache-memory.ts';
import { MemoryCluster } from './memory-cluster.ts';

eventCacheContract('memory event cache', async () => {
  const clock = new ManualClock();
  const cluster = new MemoryCluster(clock);
  return {
    now: () => clock.now(),
    pass: async (ms) => clock.advance(ms),
    async connect() {
      const received: BusUnderTest['received'] = [];
      const bus = cluster.connectBus({
        received: (topic, envelope) => received.push([topic, envelope]),
        onProblem: (stage) => {
          throw new Error(stage);
        },
      });
      return { bus, received, cache: cluster.cache, settled: async () => {} };
    },
  };
});

test('memory event cache: what it holds is bounded, the oldest go first', async () => {
  const cache = new MemoryEventCache(new ManualClock());
  const frame = 'x'.repeat(8 * 1024 * 1024);
  for (let i = 0; i < 10; i++) await cache.set(`1/cache-${i}`, frame, 60_000);
  const kept = await Promise.all(Array.from({ length: 10 }, (_, i) => cache.get('1', `cache-${i}`)));
  expect(kept.map((event) => event !== null)).toEqual([
    false,
    false,
    ...Array.from({ length: 8 }, () => true),
  ]);
});
