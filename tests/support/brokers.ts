import { afterAll, beforeAll, describe } from 'bun:test';
import { type Redis, redisDatabases, redisPath, startRedis } from './redis.ts';

/** The addresses of brokers on which nothing is yet. */
export type FreshBrokers = () => string[];

/**
 * Runs a suite over one Redis and over two. A test may leave behind what it likes: each gets a database that no other has.
 * Without Redis the suite is left out, which the run reports.
 */
export function onRedis(suite: (fresh: FreshBrokers) => void): void {
  for (const count of [1, 2]) {
    describe.skipIf(redisPath === undefined)(count === 1 ? 'one Redis' : 'two Redis', () => {
      const running: Redis[] = [];
      let used = 0;
      beforeAll(async () => {
        running.push(...(await Promise.all(Array.from({ length: count }, () => startRedis()))));
      });
      afterAll(async () => {
        await Promise.all(running.map((redis) => redis[Symbol.asyncDispose]()));
      });
      suite(() => {
        const database = used++ % redisDatabases;
        return running.map(({ url }) => `${url}/${database}`);
      });
    });
  }
}
