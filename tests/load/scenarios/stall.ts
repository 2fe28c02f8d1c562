import { openHttpSubscribers } from '../generator/http-subscriber.ts';
import { Publisher, publishRequest } from '../generator/publisher.ts';
import { metric } from '../metrics.ts';
import type { Scenario } from './scenario.ts';

const clientsMax = 5_000;
/** Well over the 5 s that a session may be without a request. */
const stallMs = 8_000;
const patienceMs = 60_000;

/**
 * Polling clients, and a server that gets no CPU at all for 8 s, from when the first of them have an event and ask for the
 * next one: their requests lie in its sockets for longer than a session may be without one.
 */
export const pollingStall: Scenario = async (target, scale) => {
  const clients = Math.min(clientsMax, scale.connects);
  let count = 0;
  await openHttpSubscribers(
    target,
    'xhr',
    clients,
    () => 'bench',
    (more) => {
      count += more;
    },
  );
  const opened = await metric(target, 'connections_opened_total');
  const queue: Uint8Array[] = [];
  const publisher = await Publisher.open(target, 1, () => queue.shift() ?? null);
  let published = 0;
  const publish = () => {
    published++;
    queue.push(publishRequest(target, 'bench', '{"text":"an event for all"}'));
    publisher.pump();
  };
  const delivered = async (deliveries: number) => {
    const until = performance.now() + patienceMs;
    while (count < deliveries && performance.now() < until) await Bun.sleep(1);
  };
  publish();
  await delivered(1);
  process.kill(target.pid, 'SIGSTOP');
  await Bun.sleep(stallMs);
  process.kill(target.pid, 'SIGCONT');
  await delivered(published * clients);
  publish();
  await delivered(published * clients);
  return {
    lost: published * clients - count,
    /** Sessions that the server gave up, and whose client came back to a new one. */
    reopened: (await metric(target, 'connections_opened_total')) - opened,
  };
};
