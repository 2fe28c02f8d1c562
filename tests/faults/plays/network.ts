import type { Figures } from '../support/figures.ts';
import type { Loss } from '../support/namespace.ts';
import { leaseSeconds, partyOf, Scene } from '../support/scene.ts';
import type { PlayOptions } from './play.ts';

/** Relays delay what nodes and brokers say to each other, by more or less, and now and then nothing passes for a moment. */
export async function networkSlow(seed: number, { brokers, long }: PlayOptions): Promise<Figures> {
  await using scene = await Scene.open({ seed, brokers, database: long });
  scene.start();
  await scene.warm(300, 700);
  let stalls = 0;
  await scene.fault(async () => {
    for (const [i] of scene.nodes.entries()) {
      // The two ways of a connection need not be equally slow.
      const way = () => ({ delayMs: scene.random() * 60, jitterMs: scene.random() * 80 });
      for (const { relay } of scene.brokers) relay.change(partyOf(i), { up: way(), down: way() });
    }
    for (let i = 0; i < (long ? 24 : 8); i++) {
      await scene.chance(50, 400);
      const party = partyOf(Math.floor(scene.random() * scene.nodes.length));
      const direction = scene.random() < 0.5 ? 'up' : 'down';
      stalls++;
      for (const { relay } of scene.brokers) relay.change(party, { [direction]: { isHeld: true } });
      await scene.chance(50, 500);
      for (const { relay } of scene.brokers) relay.change(party, { [direction]: { isHeld: false } });
    }
  });
  const calm = { delayMs: 0, jitterMs: 0 };
  for (const [i] of scene.nodes.entries()) {
    for (const { relay } of scene.brokers) relay.change(partyOf(i), { up: calm, down: calm });
  }
  await scene.heals();
  scene.more.stalls = stalls;
  return await scene.end();
}

/**
 * One node does not reach the brokers for longer than its lease, or is not reached by them: the others give it up, its own
 * clients go on, and it comes again.
 */
export async function nodePartitioned(seed: number, { brokers, long }: PlayOptions): Promise<Figures> {
  await using scene = await Scene.open({ seed, brokers, database: long });
  scene.start();
  await scene.warm(500, 1_500);
  const cut = Math.floor(scene.random() * scene.nodes.length);
  const ways = scene.random();
  const held = {
    ...(ways < 0.7 && { up: { isHeld: true } }),
    ...(ways > 0.3 && { down: { isHeld: true } }),
  };
  await scene.fault(async () => {
    for (const { relay } of scene.brokers) relay.change(partyOf(cut), held);
    await Bun.sleep(leaseSeconds * 2_000);
    // What the brokers hear of it keeps its lease: it is given up only when its words do not arrive.
    if (ways < 0.7) await scene.givesUp(cut);
    for (const { relay } of scene.brokers) {
      relay.change(partyOf(cut), { up: { isHeld: false }, down: { isHeld: false } });
      // What was under way was sent to somebody who is no longer there.
      relay.cut(partyOf(cut));
    }
  });
  for (const { userId, door } of scene.watchers) if (door.node === cut) scene.givenUp.add(userId);
  await scene.heals();
  await scene.chance(300, 700);
  scene.more.partition = ways <= 0.3 ? 'to the broker' : ways < 0.7 ? 'both ways' : 'from the broker';
  return await scene.end();
}

const losses: readonly Loss[] = ['both', 'to the broker', 'from the broker', 'some'];

/** The broker is in a network of its own, and packets between it and the nodes are lost, in one direction or both. */
export async function packetsLost(seed: number, { long }: PlayOptions): Promise<Figures> {
  await using scene = await Scene.open({ seed, namespace: true, database: long });
  const { distant } = scene;
  if (distant === undefined) throw new Error('there is no link');
  const { link } = distant;
  scene.start();
  await scene.warm(300, 700);
  let dropped = 0;
  let lossMs = 0;
  await scene.fault(async () => {
    for (let i = 0; i < (long ? 24 : 8); i++) {
      await scene.chance(50, 600);
      const loss = losses[Math.floor(scene.random() * losses.length)] ?? 'both';
      const since = Date.now();
      await link.lose(loss);
      await scene.chance(20, loss === 'some' ? 1_000 : 400);
      dropped += await link.heal();
      lossMs += Date.now() - since;
    }
    // Once for so long that everybody gives up.
    await link.lose(scene.random() < 0.5 ? 'both' : 'from the broker');
    await Bun.sleep(leaseSeconds * 1_500);
    dropped += await link.heal();
  });
  await scene.heals();
  await scene.chance(300, 700);
  scene.more['packets dropped by queues'] = dropped;
  scene.more['seconds of loss'] = Math.round(lossMs / 100) / 10;
  return await scene.end();
}
