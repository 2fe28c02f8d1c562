import type { Clock } from '@earshot/base';
import { type Outbound, OutboundError } from '@earshot/chat/outbound';
import type { App } from '../apps/app.ts';
import { signWebhook } from '../apps/auth.ts';
import type { Endpoint } from './endpoint.ts';

/** An answer has to come within this time (HOOK-8). */
const timeoutMs = 4_000;
/** More of an answer is not read. */
const answerBytesMax = 64 * 1024;
/** So much of it is kept to be shown. */
const shownBytesMax = 2 * 1024;

/** What became of one request. */
export interface Outcome {
  readonly ok: boolean;
  /** Of the answer; null when there was none. */
  readonly status: number | null;
  /** Why it failed, in words, with nothing of the address but its host. */
  readonly reason: string | null;
  /** The first 2 KiB of the answer's body. */
  readonly answer: string | null;
  readonly durationMs: number;
  /** Trying again would not help: the address is one that is never called. */
  readonly isForGood: boolean;
}

/** Sends one request, signed with the app's oldest key (HOOK-1). @returns null when `signal` broke it off */
export async function sendWebhook(
  parts: { readonly outbound: Outbound; readonly clock: Clock; readonly signal: AbortSignal },
  app: App,
  endpoint: Endpoint,
  body: string,
): Promise<Outcome | null> {
  const { outbound, clock, signal } = parts;
  const key = app.oldestKey;
  const startedAt = clock.monotonic();
  const outcome = (rest: Partial<Outcome>): Outcome => ({
    ...{ ok: false, status: null, reason: null, answer: null, isForGood: false },
    durationMs: Math.round(clock.monotonic() - startedAt),
    ...rest,
  });
  try {
    const answer = await outbound.fetch(
      endpoint.url,
      {
        method: 'POST',
        headers: {
          ...endpoint.headers,
          'Content-Type': 'application/json',
          'X-Pusher-Key': key.key,
          'X-Pusher-Signature': signWebhook(key, body),
        },
        body,
        signal,
      },
      { bytesMax: answerBytesMax, timeoutMs, plainHttp: true, cut: true },
    );
    const { status, ok } = answer;
    return outcome({ ok, status, answer: await shown(answer), reason: ok ? null : reasonOf(status) });
  } catch (error) {
    if (error instanceof OutboundError)
      return outcome({ reason: error.message, isForGood: error.code === 'refused' });
    if (signal.aborted) return null;
    throw error;
  }
}

function reasonOf(status: number): string {
  if (status >= 300 && status < 400) return `The answer was a redirect (${status}), which is not followed`;
  return `The answer was ${status}; expected 200 to 299`;
}

/** Signs that cannot be shown, and half a character at the cut, are left to the decoder. */
async function shown(answer: Response): Promise<string> {
  const bytes = new Uint8Array(await answer.arrayBuffer()).subarray(0, shownBytesMax);
  return new TextDecoder().decode(bytes).replaceAll('\u0000', '');
}
