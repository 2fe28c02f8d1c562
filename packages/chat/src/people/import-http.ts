import type { Clock } from '@earshot/base';
import type { z } from '@hono/zod-openapi';
import { type Outbound, OutboundError } from '../outbound/outbound.ts';
import { ImportFailure } from './importer.ts';

const bounds = { bytesMax: 1_048_576, timeoutMs: 15_000 };
/** A provider that names no time. */
const restMs = 60_000;
/** However far ahead a provider's time is. */
const restMostMs = 60 * 60_000;

export interface ImportAnswer<Body> {
  readonly body: Body;
  /** The address of the next page. It is of the same origin: the token goes nowhere else. */
  readonly next: URL | null;
  readonly waitMs: number;
}

/**
 * Asks a provider, and takes its word for when it wants to be left alone (`Retry-After`, or how many requests are left until
 * when: seconds since the epoch at GitHub, a date at Mastodon).
 * @throws ImportFailure
 */
export async function askProvider<Body>(
  outbound: Outbound,
  clock: Clock,
  url: URL,
  headers: Readonly<Record<string, string>>,
  shape: z.ZodType<Body>,
): Promise<ImportAnswer<Body>> {
  const answer = await sent(outbound, url, headers);
  const { status } = answer;
  const waitMs = restOf(answer.headers, clock.now());
  const isLimit = status === 429 || (status === 403 && waitMs > 0);
  if (isLimit) throw new ImportFailure('rate_limited', `${url.host} asks for a rest`, waitMs || restMs);
  if (status === 401 || status === 403) {
    throw new ImportFailure('access_denied', `${url.host} does not take the token (${status})`);
  }
  if (status !== 200) throw new ImportFailure('unavailable', `${url.host} answered ${status}`);
  const parsed = shape.safeParse(await answer.json().catch(() => undefined));
  if (!parsed.success) {
    throw new ImportFailure('unavailable', `${url.host} answered something that was not expected`);
  }
  return { body: parsed.data, next: nextOf(answer.headers.get('Link'), url), waitMs };
}

async function sent(
  outbound: Outbound,
  url: URL,
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  try {
    return await outbound.fetch(url, { headers }, bounds);
  } catch (error) {
    if (error instanceof OutboundError) throw new ImportFailure('unavailable', error.message);
    throw error;
  }
}

function restOf(headers: Headers, now: number): number {
  const after = Number(headers.get('Retry-After') ?? Number.NaN);
  if (after > 0) return Math.min(after * 1_000, restMostMs);
  if (headers.get('X-RateLimit-Remaining') !== '0') return 0;
  const reset = headers.get('X-RateLimit-Reset') ?? '';
  const at = /^\d+$/.test(reset) ? Number(reset) * 1_000 : Date.parse(reset);
  return Number.isNaN(at) ? restMs : Math.min(Math.max(at - now, 1_000), restMostMs);
}

/** RFC 8288: `<address>; rel="next"`. */
function nextOf(link: string | null, base: URL): URL | null {
  const address = /<([^<>]*)>\s*;[^,<]*\brel="?next"?/i.exec(link ?? '')?.[1];
  if (address === undefined || !URL.canParse(address, base.href)) return null;
  const next = new URL(address, base);
  return next.origin === base.origin ? next : null;
}
