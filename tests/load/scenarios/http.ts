import { type HttpKind, openHttpSubscribers } from '../generator/http-subscriber.ts';
import { Deliveries, measureRound, Saturation } from '../generator/load.ts';
import { Publisher, publishRequest } from '../generator/publisher.ts';
import { settledMemory } from '../generator/usage.ts';
import { payloadBytes, subscribersOfOne } from './fanout.ts';
import type { Measures, Scenario } from './scenario.ts';

class Count extends Deliveries {
  readonly add = (count: number) => {
    this.count += count;
  };
}

function measuresOf(round: Awaited<ReturnType<typeof measureRound>>): Measures {
  return {
    rate: round.deliveries / round.seconds,
    cpu: round.serverMicros / round.deliveries,
    lost: round.lost,
    serverCores: round.serverMicros / 1e6 / round.seconds,
    generatorCores: round.generatorMicros / 1e6 / round.seconds,
  };
}

/** `fanout` on an HTTP transport: 1,000 clients in one channel, 16 publishes under way all the time. */
export function httpFanout(kind: HttpKind): Scenario {
  return async (target, scale) => {
    const deliveries = new Count();
    await openHttpSubscribers(target, kind, subscribersOfOne, () => 'bench', deliveries.add);
    const load = await Saturation.prepare(target, 16, ['bench'], payloadBytes);
    await measureRound(target, deliveries, subscribersOfOne, () => load.run(scale.warmUpMs));
    return measuresOf(
      await measureRound(target, deliveries, subscribersOfOne, () => load.run(scale.measureMs)),
    );
  };
}

const pollingClients = 5_000;
const pollingChannels = 100;

/** 5,000 polling clients, 50 to a channel, each of whom gets an event a second. */
export const polling: Scenario = async (target, scale) => {
  const deliveries = new Count();
  const channelOf = (index: number) => `bench-${index % pollingChannels}`;
  await openHttpSubscribers(target, 'xhr', pollingClients, channelOf, deliveries.add);
  const queue: Uint8Array[] = [];
  const publisher = await Publisher.open(target, 16, () => queue.shift() ?? null);
  const publish = async (ms: number) => {
    const startedAt = performance.now();
    const total = Math.round((ms * pollingChannels) / 1000);
    for (let due = 0; due < total; ) {
      const elapsed = performance.now() - startedAt;
      for (; due < total && due <= (elapsed * pollingChannels) / 1000; due++) {
        queue.push(publishRequest(target, channelOf(due), '{"text":"an event a second"}'));
      }
      publisher.pump();
      await Bun.sleep(1);
    }
    return total;
  };
  const each = pollingClients / pollingChannels;
  await measureRound(target, deliveries, each, () => publish(scale.warmUpMs));
  return measuresOf(await measureRound(target, deliveries, each, () => publish(scale.measureMs)));
};

const idleClients = 10_000;

/** As `idle`, on an HTTP transport. */
export function httpIdle(kind: HttpKind): Scenario {
  return async (target) => {
    const channelOf = (index: number) => `bench-${index % 100}`;
    const none = () => {};
    await openHttpSubscribers(target, kind, 500, channelOf, none);
    const before = await settledMemory(target.pid, 10_000);
    await openHttpSubscribers(target, kind, idleClients, channelOf, none);
    const after = await settledMemory(target.pid, 15_000);
    return {
      rss: (after.rss - before.rss) / idleClients,
      pss: (after.pss - before.pss) / idleClients,
      total: after.rss,
    };
  };
}
