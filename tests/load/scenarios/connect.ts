import { Deliveries } from '../generator/load.ts';
import { openSubscribers } from '../generator/subscriber.ts';
import { cpuMicros } from '../generator/usage.ts';
import type { Scenario } from './scenario.ts';

const channelOf = (index: number) => `bench-${index % 100}`;

/** Connecting and subscribing to one of 100 public channels, 64 at a time. */
export const connect: Scenario = async (target, scale) => {
  for (const subscriber of await openSubscribers(target, 500, channelOf, new Deliveries()))
    subscriber.close();
  await Bun.sleep(300);
  const before = cpuMicros(target.pid);
  const generatorBefore = cpuMicros(process.pid);
  const startedAt = performance.now();
  await openSubscribers(target, scale.connects, channelOf, new Deliveries());
  const seconds = (performance.now() - startedAt) / 1000;
  const serverMicros = cpuMicros(target.pid) - before;
  return {
    rate: scale.connects / seconds,
    cpu: serverMicros / scale.connects,
    serverCores: serverMicros / 1e6 / seconds,
    generatorCores: (cpuMicros(process.pid) - generatorBefore) / 1e6 / seconds,
  };
};
