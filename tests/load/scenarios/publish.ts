import { Deliveries, measureRound, Saturation } from '../generator/load.ts';
import { openSubscribers } from '../generator/subscriber.ts';
import { payloadBytes } from './fanout.ts';
import type { Scenario } from './scenario.ts';

const channelCount = 500;
const subscribersOfEach = 2;

/** 500 channels of 2 subscribers, as many signed publishes as the server takes. */
export const publish: Scenario = async (target, scale) => {
  const channels = Array.from({ length: channelCount }, (_, index) => `bench-${index}`);
  const deliveries = new Deliveries();
  const channelOf = (index: number) => channels[index % channelCount] as string;
  await openSubscribers(target, channelCount * subscribersOfEach, channelOf, deliveries);
  const load = await Saturation.prepare(target, 64, channels, payloadBytes);
  await measureRound(target, deliveries, subscribersOfEach, () => load.run(scale.warmUpMs));
  const round = await measureRound(target, deliveries, subscribersOfEach, () => load.run(scale.measureMs));
  return {
    rate: round.publishes / round.seconds,
    cpu: round.serverMicros / round.publishes,
    lost: round.lost,
    serverCores: round.serverMicros / 1e6 / round.seconds,
    generatorCores: round.generatorMicros / 1e6 / round.seconds,
  };
};
