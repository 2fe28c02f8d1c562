import { Deliveries } from '../generator/load.ts';
import { openSubscribers } from '../generator/subscriber.ts';
import { settledMemory } from '../generator/usage.ts';
import type { Scenario } from './scenario.ts';

/** Fewer would not do: garbage and spare pages, some megabytes, would count for more than the connections. */
const connections = 10_000;
const channelOf = (index: number) => `bench-${index % 100}`;

/**
 * Memory of the server's process per connection that is subscribed to one of 100 public channels and silent.
 * The first 500 connections pay for code and buffers and are not counted.
 */
export const idle: Scenario = async (target) => {
  await openSubscribers(target, 500, channelOf, new Deliveries());
  const before = await settledMemory(target.pid, 10_000);
  await openSubscribers(target, connections, channelOf, new Deliveries());
  const after = await settledMemory(target.pid, 15_000);
  return {
    rss: (after.rss - before.rss) / connections,
    pss: (after.pss - before.pss) / connections,
    total: after.rss,
  };
};
