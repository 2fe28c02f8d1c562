import { afterEach } from 'bun:test';
import { ManualClock } from '@earshot/base';
import { onRedis } from '../../../../tests/support/brokers.ts';
import { eventCacheContract } from './event-cache.contract.ts';
import { RedisEventCache } from './event-cache-redis.ts';
import { Ring } from './redis/ring.ts';
import { serverOf } from './redis/servers.ts';

const open: RedisEventCache[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((cache) => cache.close()));
});

onRedis((fresh) => {
  eventCacheContract('Redis event cache', async () => {
    const clock = new ManualClock();
    const servers = fresh().map(serverOf);
    const ring = new Ring(servers.map(({ name }) => name));
    return {
      clock,
      async connect() {
        const cache = new RedisEventCache({ servers, ring, clock });
        open.push(cache);
        await cache.ready();
        return cache;
      },
    };
  });
});
