import type { Target } from '../target.ts';
import type { Visit } from './visit.ts';

/** Visits on the HTTP transports: they come, take something, and go without a word, as all clients there do. */

const origin = (target: Target) => `http://127.0.0.1:${target.port}`;

function sessionOf(target: Target, id: number): string {
  return `${origin(target)}/pusher/app/${target.app.key}/${id % 1000}/${id.toString(32).padStart(8, '0')}`;
}

async function subscribe(session: string, channel: string): Promise<void> {
  const message = JSON.stringify({ event: 'pusher:subscribe', data: { channel } });
  const response = await fetch(`${session}/xhr_send`, { method: 'POST', body: JSON.stringify([message]) });
  await response.text();
  if (response.status !== 204) throw new Error(`xhr_send answered ${response.status}`);
}

/** Reads until `part` has come, then drops the stream. */
async function readUntil(
  address: string,
  method: string,
  part: string,
  then?: () => Promise<void>,
): Promise<void> {
  const abort = new AbortController();
  const response = await fetch(address, { method, signal: abort.signal });
  let text = '';
  for await (const chunk of (response.body ?? new Blob([]).stream()).pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (text.includes(part)) break;
  }
  if (!text.includes(part)) throw new Error(`expected ${part}, got ${text.slice(-200)}`);
  await then?.();
  abort.abort();
}

const poller: Visit = async (target, id) => {
  const session = sessionOf(target, id);
  const poll = async () => (await fetch(`${session}/xhr?protocol=7`, { method: 'POST' })).text();
  await poll();
  await subscribe(session, `soak-${id % 50}`);
  const answer = await poll();
  if (!answer.includes('subscription_succeeded')) throw new Error(`the second poll got ${answer}`);
};

const streamer: Visit = (target, id) => {
  const session = sessionOf(target, id);
  const then = () => subscribe(session, `soak-${id % 50}`);
  return readUntil(`${session}/xhr_streaming?protocol=7`, 'POST', 'connection_established', then);
};

const eventReader: Visit = (target, id) => {
  const address = `${origin(target)}/app/${target.app.key}/events?channel=soak-${id % 50}`;
  return readUntil(address, 'GET', 'subscription_succeeded');
};

export const httpVisits: readonly Visit[] = [poller, streamer, eventReader];
