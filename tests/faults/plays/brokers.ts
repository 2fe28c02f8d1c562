import type { Figures } from '../support/figures.ts';
import { partyOf, Scene } from '../support/scene.ts';
import type { PlayOptions } from './play.ts';

/** A Redis is killed and comes back empty: local delivery goes on, who stayed is not told to go, then all is right again. */
export async function brokerKilled(seed: number, { brokers, long }: PlayOptions): Promise<Figures> {
  await using scene = await Scene.open({ seed, brokers, database: long });
  scene.start();
  await scene.warm(700, 1_500);
  const chosen = scene.brokers[Math.floor(scene.random() * brokers)];
  const awayMs = 500 + scene.random() * (long ? 6_000 : 1_500);
  await scene.fault(async () => {
    await chosen?.crash(awayMs);
  });
  await scene.heals();
  await scene.chance(500, 1_500);
  return await scene.end();
}

/** A Redis stands still for two leases: nodes go on without it, and nobody is told twice. */
export async function brokerPaused(seed: number, { brokers, long }: PlayOptions): Promise<Figures> {
  await using scene = await Scene.open({ seed, brokers, database: long });
  scene.start();
  await scene.warm(500, 1_000);
  const { process } = scene.brokers[Math.floor(scene.random() * brokers)]?.redis.program ?? {};
  await scene.fault(async () => {
    process?.kill('SIGSTOP');
    await scene.chance(5_500, 6_500);
    process?.kill('SIGCONT');
  });
  await scene.heals();
  await scene.chance(500, 1_500);
  return await scene.end();
}

/** Connections to Redis are reset again and again: facts are told once, events at most once and in order. */
export async function connectionsReset(seed: number, { brokers, long }: PlayOptions): Promise<Figures> {
  await using scene = await Scene.open({ seed, brokers, database: long });
  scene.start();
  await scene.fault(async () => {
    for (let i = 0; i < (long ? 20 : 6); i++) {
      await scene.chance(100, 600);
      // Sometimes those of every node at once, as when a switch is started anew.
      const party = partyOf(Math.floor(scene.random() * scene.nodes.length));
      const isAll = scene.random() < 0.5;
      for (const { relay } of scene.brokers) relay.cut(isAll ? undefined : party);
    }
  });
  await scene.heals();
  await scene.chance(500, 1_000);
  return await scene.end();
}
