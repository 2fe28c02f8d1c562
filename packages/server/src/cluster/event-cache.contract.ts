import { expect, test } from 'bun:test';
import type { ManualClock } from '@earshot/base';
import type { EventCache } from './event-cache.ts';

/** Every fulfilment of `EventCache` runs this; `connect` gives each node's end of one and the same cache. */
export function eventCacheContract(
  name: string,
  newCache: () => Promise<{ connect(): Promise<EventCache>; clock: ManualClock }>,
): void {
  async function two() {
    const { connect, clock } = await newCache();
    const [a, b] = [await connect(), await connect()];
    const event = (frame: string, seconds = 60) => ({ frame, expiresAt: clock.now() + seconds * 1000 });
    return { a, b, clock, event };
  }

  test(`${name}: nothing is kept at first`, async () => {
    const { a } = await two();
    expect(await a.get('1', 'cache-a')).toBeNull();
  });

  test(`${name}: the last event is kept, for every node`, async () => {
    const { a, b, event } = await two();
    await a.set('1', 'cache-a', event('x'));
    await a.set('1', 'cache-a', event('é\u2028'));
    expect(await b.get('1', 'cache-a')).toEqual(event('é\u2028'));
  });

  test(`${name}: apps and channels are kept apart`, async () => {
    const { a, event } = await two();
    await a.set('1', 'cache-a', event('x'));
    expect(await a.get('1', 'cache-b')).toBeNull();
    expect(await a.get('2', 'cache-a')).toBeNull();
  });

  test(`${name}: an event is gone when its time is up, and a newer one counts anew`, async () => {
    const { a, b, clock, event } = await two();
    await a.set('1', 'cache-a', event('x', 60));
    clock.advance(59_999);
    expect((await b.get('1', 'cache-a'))?.frame).toBe('x');
    await a.set('1', 'cache-a', event('y', 60));
    clock.advance(59_999);
    expect((await b.get('1', 'cache-a'))?.frame).toBe('y');
    clock.advance(1);
    expect(await b.get('1', 'cache-a')).toBeNull();
  });
}
