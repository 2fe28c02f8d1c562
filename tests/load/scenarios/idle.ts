import { openSubscribers } from '../generator/subscriber.ts';
import { settledMemory } from '../generator/usage.ts';
import type { Scenario } from './scenario.ts';

const channelOf = (index: number) => `bench-${index % 100}`;

/**
 * Memory of the server's process per connection that is subscribed to one of 100 public channels and silent.
 * The first 500 connections pay for code and buffers and are not counted.
 */
export const idle: Scenario = async (target, scale) => {
  await openSubscribers(target, 500, channelOf);
  const before = await settledMemory(target.pid, 10_000);
  await openSubscribers(target, scale.idleConnections, channelOf);
  const after = await settledMemory(target.pid, 15_000);
  return {
    rss: (after.rss - before.rss) / scale.idleConnections,
    pss: (after.pss - before.pss) / scale.idleConnections,
    total: after.rss,
  };
};
