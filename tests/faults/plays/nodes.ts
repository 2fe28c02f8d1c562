import { Crowd } from '../support/clients.ts';
import type { Figures } from '../support/figures.ts';
import { leaseSeconds, type Node, Scene } from '../support/scene.ts';
import type { PlayOptions } from './play.ts';

/** A node is killed while people come and go: nobody stays as a ghost, every leave is told once. */
export async function nodeKilled(seed: number, { brokers, long }: PlayOptions): Promise<Figures> {
  await using scene = await Scene.open({ seed, brokers, database: long });
  scene.start();
  await scene.warm(1_000, 2_000);
  // One user is on two nodes: the death of one of them does not make them go.
  const calm = new Crowd((scene.nodes[0] as Node).door, 'calm', seed);
  const last = scene.nodes.length - 1;
  const dying = scene.crowds[last];
  await dying?.stop();
  await dying?.enter('both');
  await calm.enter('both');
  scene.crowds.push(calm);
  scene.stay.add('both');
  if (long) dying?.start();
  scene.kill(last);
  await scene.lose(last);
  await scene.chance(500, 1_500);
  return await scene.end();
}

/** A node is paused for two leases and goes on: it is given up, and comes again. */
export async function nodePaused(seed: number, { brokers, long }: PlayOptions): Promise<Figures> {
  await using scene = await Scene.open({ seed, brokers, database: long });
  scene.start();
  await scene.warm(700, 1_500);
  const paused = Math.floor(scene.random() * scene.nodes.length);
  const { process } = scene.nodes[paused] ?? {};
  await scene.fault(async () => {
    process?.signal('SIGSTOP');
    await Bun.sleep(leaseSeconds * 2_000);
    await scene.givesUp(paused);
    process?.signal('SIGCONT');
    await process?.logged(/given up by the others/);
  });
  await scene.heals();
  await scene.chance(500, 1_000);
  return await scene.end();
}

/** Three nodes behind a balancer are replaced, one after the other, while people come and go and applications publish. */
export async function rollingRestart(seed: number, { brokers, long }: PlayOptions): Promise<Figures> {
  await using scene = await Scene.open({
    seed,
    brokers,
    database: true,
    balanced: true,
    watchersEach: long ? 6 : 3,
    env: { EARSHOT_DRAIN_SECONDS: '5' },
  });
  scene.start(20);
  await scene.warm(1_000, 2_000);
  for (const [index, node] of scene.nodes.entries()) {
    const code = await node.replace();
    if (code !== 0) scene.broken.push(`node ${index} ended with ${code}: ${node.output.slice(-500)}`);
    await scene.balancer?.allAreUp();
    await scene.chance(300, long ? 3_000 : 600);
  }
  await scene.heals();
  const figures = await scene.end();
  const putOff = scene.watchers.flatMap((watcher) => watcher.putOff);
  figures.more['clients sent to a node that was going'] = putOff.reduce((sum, times) => sum + times, 0);
  const often = putOff.filter((times) => times > 1).length;
  if (often > 0) figures.broken.push(`${often} clients were put off more than once`);
  return figures;
}
