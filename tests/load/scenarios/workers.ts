import { Deliveries, measureRound, Saturation } from '../generator/load.ts';
import { openSubscribers } from '../generator/subscriber.ts';
import { childrenOf, cpuMicros } from '../generator/usage.ts';
import { payloadBytes, subscribersOfOne } from './fanout.ts';
import type { Scenario } from './scenario.ts';

/** What the server of this scenario is started with. */
export const workersSettings = { EARSHOT_WORKERS: '2' };

/** `fanout` with two workers: what a delivery costs all processes together, and how even the load is. */
export const workers: Scenario = async (target, scale) => {
  const deliveries = new Deliveries();
  await openSubscribers(target, subscribersOfOne, () => 'bench', deliveries);
  const load = await Saturation.prepare(target, 16, ['bench'], payloadBytes);
  await measureRound(target, deliveries, subscribersOfOne, () => load.run(scale.warmUpMs));
  const pids = childrenOf(target.pid);
  const before = pids.map(cpuMicros);
  const round = await measureRound(target, deliveries, subscribersOfOne, () => load.run(scale.measureMs));
  const [one = 0, other = 0] = pids.map((pid, index) => cpuMicros(pid) - (before[index] ?? 0));
  return {
    rate: round.deliveries / round.seconds,
    cpu: round.serverMicros / round.deliveries,
    // 0: both do the same; 100: one does everything.
    uneven: (Math.abs(one - other) / (one + other)) * 100,
    supervisor: ((round.serverMicros - one - other) / round.serverMicros) * 100,
    lost: round.lost,
    serverCores: round.serverMicros / 1e6 / round.seconds,
    generatorCores: round.generatorMicros / 1e6 / round.seconds,
  };
};
