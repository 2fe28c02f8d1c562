import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { ChatApps } from '../apps.ts';
import type { Caller } from '../core/core.ts';
import { refuse } from '../refusal.ts';
import type { ChatSettings } from '../settings.ts';

const windowSeconds = 60;

/** What one thing costs of `chatRequestsPerMinute`; the first row that fits counts, anything else costs 1. */
const costs: readonly { readonly method: string; readonly path: RegExp; readonly points: number }[] = [
  { method: 'POST', path: /^\/conversations\/[^/]+\/files$/, points: 10 },
  { method: 'POST', path: /^\/invitations$/, points: 10 },
  { method: 'POST', path: /^\/rooms$/, points: 20 },
  { method: 'POST', path: /^\/imports$/, points: 60 },
  { method: 'POST', path: /^\/reports$/, points: 20 },
  { method: 'POST', path: /^\/push\/test$/, points: 30 },
  { method: 'GET', path: /^\/me\/export$/, points: 100 },
];

/** A message counts once for each so many bytes of its request: a long text is worth several short ones. */
const bytesPerMessage = 1_000;

/** Pictures of live rooms that one address may hand over in a minute. */
const pictureUploadsPerMinute = 120;

type Limit =
  | 'chatSignInsPerMinute'
  | 'chatLiveRoomsPerMinute'
  | 'chatAddressRequestsPerMinute'
  | 'chatRequestsPerMinute'
  | 'chatMessagesPerMinute'
  | 'chatRoomMessagesPerMinute';

/** Counts what is taken under a key, in a window that begins with the first taking. */
export interface RequestCounts {
  take(key: string, points: number, seconds: number): Promise<{ taken: number; msLeft: number }>;
}

/** Of this process, and forgotten with it. */
class MemoryCounts implements RequestCounts {
  readonly #counts = new RateLimiterMemory({ points: Number.MAX_SAFE_INTEGER, duration: windowSeconds });

  async take(key: string, points: number): Promise<{ taken: number; msLeft: number }> {
    const { consumedPoints, msBeforeNext } = await this.#counts.consume(key, points);
    return { taken: consumedPoints, msLeft: msBeforeNext };
  }
}

/**
 * Bounds what is asked for, by cost: of an address, of a session and its person, and of a room. The limits are the
 * app's settings, as they are at the moment.
 */
export class RequestLimits {
  readonly #apps: ChatApps;
  readonly #counts: RequestCounts;

  constructor(apps: ChatApps, counts: RequestCounts = new MemoryCounts()) {
    this.#apps = apps;
    this.#counts = counts;
  }

  /** Before it is known who asks and of which app, so the widest limit of all apps counts. @throws Refusal */
  async takeForAddress(address: string, method: string, path: string): Promise<void> {
    await this.#take(`address ${address}`, 1, this.#widest('chatAddressRequestsPerMinute'));
    if (method === 'POST' && /^\/(sessions|sign-in)\//.test(path)) {
      await this.#take(`sign-in ${address}`, 1, this.#widest('chatSignInsPerMinute'));
    }
    if (method === 'POST' && path === '/live/rooms') {
      await this.#take(`live ${address}`, 1, this.#widest('chatLiveRoomsPerMinute'));
    }
    if (method === 'POST' && /^\/live\/rooms\/[^/]+\/pictures$/.test(path)) {
      await this.#take(`live pictures ${address}`, 1, pictureUploadsPerMinute);
    }
  }

  /** @param bytes of the body as its sender says; @throws Refusal */
  async takeForCaller(caller: Caller, method: string, path: string, bytes: number): Promise<void> {
    const { id, settings } = caller.app;
    const cost = costOf(method, path);
    await this.#take(`session ${id}/${caller.session}`, cost, settings.chatRequestsPerMinute);
    // All tabs and devices of a person together may ask for twice as much as one of them.
    await this.#take(`user ${id}/${caller.user}`, cost, 2 * settings.chatRequestsPerMinute);
    const room = method === 'POST' ? /^\/conversations\/([^/]+)\/messages$/.exec(path)?.[1] : undefined;
    if (room === undefined) return;
    const messages = 1 + Math.floor(bytes / bytesPerMessage);
    await this.#take(`writer ${id}/${caller.user}`, messages, settings.chatMessagesPerMinute);
    await this.#take(`room ${id}/${room}`, messages, settings.chatRoomMessagesPerMinute);
  }

  /** @param limit 0 = none */
  async #take(key: string, points: number, limit: number): Promise<void> {
    if (limit === 0) return;
    const { taken, msLeft } = await this.#counts.take(`chat ${key}`, points, windowSeconds);
    if (taken <= limit) return;
    refuse('too_many_requests', { retryAfterSeconds: Math.max(1, Math.ceil(msLeft / 1000)) });
  }

  #widest(limit: Limit): number {
    const limits = [...this.#apps.all()].map(({ settings }: { settings: ChatSettings }) => settings[limit]);
    return limits.includes(0) ? 0 : Math.max(1, ...limits);
  }
}

function costOf(method: string, path: string): number {
  return costs.find((cost) => cost.method === method && cost.path.test(path))?.points ?? 1;
}
