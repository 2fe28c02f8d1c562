import { Latencies } from '../generator/latency.ts';
import { measureRound } from '../generator/load.ts';
import { openSubscribers, Subscriber } from '../generator/subscriber.ts';
import { cpuMicros } from '../generator/usage.ts';
import { metric } from '../metrics.ts';
import type { Target } from '../target.ts';
import { subscribersOfOne } from './fanout.ts';
import { preparePace, TimedDeliveries } from './paced.ts';
import type { Scenario } from './scenario.ts';

/** Clients that occupy a new channel and leave it, one after the other. */
const lanes = 64;
/** So many facts a second go to the journal while deliveries are timed: that a channel is occupied, and that it is left. */
const factsPerSecond = 2_000;
const factsPerChannel = 2;
/** Ends are told after 3 s, so it takes longer than that until there are as many as begins. */
const untilEndsComeMs = 6_000;
const publishesPerSecond = 50;
const patienceMs = 60_000;

/** Makes channels occupied, each a fact of its own, as fast as the server answers or at a pace. */
class Churn {
  facts = 0;
  #isOver = false;
  #startedAt = 0;
  readonly #clients: Subscriber[] = [];

  private constructor(private readonly perSecond: number) {}

  static async prepare(target: Target, perSecond: number): Promise<Churn> {
    const churn = new Churn(perSecond);
    for (let lane = 0; lane < lanes; lane++) churn.#clients.push(await Subscriber.open(target));
    return churn;
  }

  /** Runs until what `run` gives back is over. */
  async during<Result>(run: () => Promise<Result>): Promise<Result> {
    this.#isOver = false;
    this.facts = 0;
    this.#startedAt = performance.now();
    const running = this.#clients.map((client) => this.#lane(client));
    const result = await run();
    this.#isOver = true;
    await Promise.all(running);
    return result;
  }

  async #lane(client: Subscriber): Promise<void> {
    while (!this.#isOver) {
      const due = ((performance.now() - this.#startedAt) / 1000) * this.perSecond;
      if (this.facts >= due) {
        await Bun.sleep(1);
        continue;
      }
      const channel = `fact-${channels++}`;
      this.facts++;
      await client.subscribe(channel);
      client.sendText(JSON.stringify({ event: 'pusher:unsubscribe', data: { channel } }));
    }
  }
}

let channels = 0;

/** As many facts as the server takes, until the last of them is on the disk. */
export const deskFacts: Scenario = async (target, scale) => {
  const churn = await Churn.prepare(target, Number.POSITIVE_INFINITY);
  await churn.during(() => Bun.sleep(scale.warmUpMs));
  await written(target);
  const startedAt = performance.now();
  const cpuBefore = cpuMicros(target.pid);
  await churn.during(() => Bun.sleep(scale.measureMs));
  await written(target);
  const seconds = (performance.now() - startedAt) / 1000;
  const micros = cpuMicros(target.pid) - cpuBefore;
  return {
    rate: churn.facts / seconds,
    cpu: micros / churn.facts,
    lost: await metric(target, 'webhook_events_dropped_total'),
    serverCores: micros / 1e6 / seconds,
  };
};

/** Until nothing waits to be written down. */
async function written(target: Target): Promise<void> {
  const until = performance.now() + patienceMs;
  while ((await metric(target, 'webhook_entries_waiting')) > 0) {
    if (performance.now() > until) throw new Error('the journal is not written after a minute');
    await Bun.sleep(10);
  }
}

/**
 * Deliveries that no entry of the journal guards, at 50 publishes a second, while 2,000 facts a second come. `told` is how many of them
 * a second had been written and sent to the webhook by the end.
 */
export const deskJournal: Scenario = async (target, scale) => {
  const deliveries = new TimedDeliveries();
  await openSubscribers(target, subscribersOfOne, () => 'bench', deliveries);
  const churn = await Churn.prepare(target, factsPerSecond / factsPerChannel);
  const pace = await preparePace(target, publishesPerSecond);
  const round = (ms: number) =>
    churn.during(() => measureRound(target, deliveries, subscribersOfOne, () => pace(ms)));
  await round(untilEndsComeMs + scale.warmUpMs);
  deliveries.latencies = new Latencies();
  const toldBefore = await metric(target, 'webhook_events_delivered_total');
  const measured = await round(scale.measureMs);
  const told = (await metric(target, 'webhook_events_delivered_total')) - toldBefore;
  return {
    p50: deliveries.latencies.percentileMs(0.5),
    p99: deliveries.latencies.percentileMs(0.99),
    facts: (churn.facts * factsPerChannel) / measured.seconds,
    told: told / measured.seconds,
    lost: measured.lost,
    serverCores: measured.serverMicros / 1e6 / measured.seconds,
    generatorCores: measured.generatorMicros / 1e6 / measured.seconds,
  };
};
