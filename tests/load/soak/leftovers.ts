import { signRequest } from '../generator/sign.ts';
import type { Target } from '../target.ts';

/** What the server counts that must be nothing once everybody is gone. */
const books = ['earshot_connections', 'earshot_subscriptions', 'earshot_channels'];
/** What it counts as faults of its own. */
const faults = ['earshot_handler_failures_total', 'earshot_background_failures_total'];
/** How long the server may take to notice the last ones' going, in milliseconds. */
const patienceMs = 60_000;

/** What an Earshot still has in its books, or has noted as its own fault, after the last connection went. */
export async function leftovers(target: Target): Promise<string[]> {
  const origin = `http://127.0.0.1:${target.port}`;
  const deadline = performance.now() + patienceMs;
  let metrics = '';
  do {
    await Bun.sleep(200);
    metrics = await (await fetch(`${origin}/metrics`)).text();
  } while (books.some((name) => metric(metrics, name) !== 0) && performance.now() < deadline);

  const found = [...books, ...faults]
    .filter((name) => metric(metrics, name) !== 0)
    .map((name) => `${name} is ${metric(metrics, name)} after the last connection, not 0`);
  if (metric(metrics, 'earshot_slow_clients_cut_total') === 0) found.push('no slow reader was cut');
  const channels = await fetch(origin + signRequest(target, 'GET', `/apps/${target.app.id}/channels`));
  const text = await channels.text();
  if (text !== '{"channels":{}}') found.push(`GET /channels answers ${text.slice(0, 200)}`);
  return found;
}

/** A metric summed over its labels; NaN when the server does not have it. */
function metric(text: string, name: string): number {
  const values = [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))];
  if (values.length === 0) return text.includes(`# TYPE ${name} `) ? 0 : Number.NaN;
  return values.reduce((sum, [, value]) => sum + Number(value), 0);
}
