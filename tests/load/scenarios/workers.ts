import { childrenOf, cpuMicros } from '../generator/usage.ts';
import type { Scenario } from './scenario.ts';

/** What the server of these scenarios is started with. */
export const workersSettings = { EARSHOT_WORKERS: '2' };

/** Another scenario with two workers: how even the load is, and what part of it their supervisor has. */
export function byWorkers(scenario: Scenario): Scenario {
  return async (target, scale) => {
    const pids = [target.pid, ...childrenOf(target.pid)];
    const before = pids.map(cpuMicros);
    const measures = await scenario(target, scale);
    const [supervisor = 0, one = 0, other = 0] = pids.map(
      (pid, index) => cpuMicros(pid) - (before[index] ?? 0),
    );
    return {
      ...measures,
      // 0: both do the same; 100: one does everything.
      uneven: (Math.abs(one - other) / (one + other)) * 100,
      supervisor: (supervisor / (supervisor + one + other)) * 100,
    };
  };
}
