import { expect, test } from 'bun:test';
import { type CachedEvent, topicOf } from '../channels/channel.ts';
import type { BusUnderTest } from './bus.contract.ts';
import type { EventEnvelope } from './envelope.ts';
import type { EventCache } from './event-cache.ts';

/** One node's end of bus and cache. */
export interface CacheUnderTest extends BusUnderTest {
  readonly cache: EventCache;
}

export interface CacheNetwork {
  connect(): Promise<CacheUnderTest>;
  /** Milliseconds since the epoch, as nodes see it. */
  now(): number;
  /** Time passes, for what keeps the events as well. */
  pass(ms: number): Promise<void>;
}

/** Every fulfilment of `EventCache` runs this, with the bus by which events come into it. */
export function eventCacheContract(name: string, newNetwork: () => Promise<CacheNetwork>): void {
  const event = (frame: string, seconds = 60): EventEnvelope => ({
    kind: 'event',
    frame,
    except: null,
    cacheMs: seconds * 1000,
  });
  async function two() {
    const network = await newNetwork();
    const [a, b] = [await network.connect(), await network.connect()];
    const keep = (channel: string, envelope: EventEnvelope, appId = '1') =>
      a.bus.publish(topicOf(appId, channel), envelope, () => {});
    return { network, a, b, keep };
  }

  test(`${name}: nothing is kept at first`, async () => {
    const { a } = await two();
    expect(await a.cache.get('1', 'cache-a')).toBeNull();
  });

  test(`${name}: the last event is kept, for every node, and reaches those that listen`, async () => {
    const { network, a, b, keep } = await two();
    await b.bus.listen('1/cache-a');
    await keep('cache-a', event('x'));
    await keep('cache-a', event('é\u2028 y'));
    for (const { cache } of [a, b]) {
      const kept = await cache.get('1', 'cache-a');
      expect(kept?.frame).toBe('é\u2028 y');
      expect(Math.abs((kept?.expiresAt ?? 0) - network.now() - 60_000)).toBeLessThan(5_000);
    }
    await b.settled();
    expect(b.received).toEqual([
      ['1/cache-a', event('x')],
      ['1/cache-a', event('é\u2028 y')],
    ]);
    expect(a.received).toEqual([]);
  });

  test(`${name}: an event that is relayed and not kept changes nothing, and comes in order with those that are`, async () => {
    const { a, b } = await two();
    await b.bus.listen('1/cache-a');
    const sent = Array.from({ length: 300 }, (_, i) => event(`${i}`, i % 3 === 0 ? 60 : 0));
    for (const envelope of sent) {
      if (envelope.cacheMs > 0) void a.bus.publish('1/cache-a', envelope, () => {});
      else a.bus.relay('1/cache-a', envelope);
    }
    await b.settled();
    expect(b.received.map(([, envelope]) => envelope)).toEqual(sent);
    expect((await b.cache.get('1', 'cache-a'))?.frame).toBe('297');
  });

  test(`${name}: apps and channels are kept apart`, async () => {
    const { a, keep } = await two();
    await keep('cache-a', event('x'));
    expect(await a.cache.get('1', 'cache-b')).toBeNull();
    expect(await a.cache.get('2', 'cache-a')).toBeNull();
  });

  test(`${name}: an event is gone when its time is up, and a newer one counts anew`, async () => {
    const { network, b, keep } = await two();
    await keep('cache-a', event('x', 60));
    await network.pass(40_000);
    expect((await b.cache.get('1', 'cache-a'))?.frame).toBe('x');
    await keep('cache-a', event('y', 60));
    await network.pass(40_000);
    expect((await b.cache.get('1', 'cache-a'))?.frame).toBe('y');
    await network.pass(20_001);
    expect(await b.cache.get('1', 'cache-a')).toBeNull();
  });

  test(`${name}: who begins to listen misses no event between the cache and what is received, and has none twice`, async () => {
    const { a, b } = await two();
    const topic = '1/cache-a';
    const last = 400;
    const publishing = (async () => {
      for (let i = 1; i <= last; i++) {
        await a.bus.publish(topic, event(`${i}`), () => {});
        if (i % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    let isOver = false;
    void publishing.then(() => {
      isOver = true;
    });
    while (!isOver) {
      await b.bus.listen(topic);
      const kept: CachedEvent | null = await b.cache.get('1', 'cache-a');
      await b.bus.caughtUp(topic);
      const heard = b.received.splice(0);
      // As a channel does: what was received by now is the cached one or newer.
      const newest = heard.at(-1)?.[1];
      const start = Number(newest?.kind === 'event' ? newest.frame : (kept?.frame ?? 0));
      await new Promise((resolve) => setTimeout(resolve, 3));
      await b.bus.caughtUp(topic);
      const after = b.received.splice(0).map(([, envelope]) => envelope.kind === 'event' && envelope.frame);
      expect(after).toEqual(after.map((_, i) => `${start + 1 + i}`));
      expect(Number(kept?.frame ?? 0)).toBeLessThanOrEqual(start);
      b.bus.leave(topic);
      await b.settled();
      b.received.length = 0;
    }
    await publishing;
    expect((await b.cache.get('1', 'cache-a'))?.frame).toBe(`${last}`);
  });
}
