import { Deliveries, measureRound, Saturation } from '../generator/load.ts';
import { openSubscribers } from '../generator/subscriber.ts';
import type { Scenario } from './scenario.ts';

export const subscribersOfOne = 1000;
export const payloadBytes = 100;

/** 1,000 subscribers of one channel, 16 publishes under way all the time. */
export const fanout: Scenario = async (target, scale) => {
  const deliveries = new Deliveries();
  await openSubscribers(target, subscribersOfOne, () => 'bench', deliveries);
  const load = await Saturation.prepare(target, 16, ['bench'], payloadBytes);
  await measureRound(target, deliveries, subscribersOfOne, () => load.run(scale.warmUpMs));
  const round = await measureRound(target, deliveries, subscribersOfOne, () => load.run(scale.measureMs));
  return {
    rate: round.deliveries / round.seconds,
    cpu: round.serverMicros / round.deliveries,
    lost: round.lost,
    serverCores: round.serverMicros / 1e6 / round.seconds,
    generatorCores: round.generatorMicros / 1e6 / round.seconds,
  };
};
