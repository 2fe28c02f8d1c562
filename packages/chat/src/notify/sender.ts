import { createHash } from 'node:crypto';
import type { Id } from '../contract/index.ts';
import type { Core } from '../core/core.ts';
import type { Keys } from '../core/keys.ts';
import { newId } from '../ids.ts';
import { type Outbound, OutboundError } from '../outbound/outbound.ts';
import { encrypted, headersFor, newServerKeys, type ServerKeys } from './push-message.ts';
import type { NotifyTables } from './tables.ts';

/** Seconds until the first further try when the service does not say; doubled each time. */
const retryFirstSeconds = 10;
const retryMostSeconds = 60 * 60;
const triesMost = 5;
const bounds = { bytesMax: 64 * 1024, timeoutMs: 20_000 };

const retryTimer = 'push-retry';

export type Subscription = NotifyTables['chat_push_subscriptions'];

export interface Delivery {
  /** Names what it is about, so that a newer one takes its place. Told to nobody: the service gets a hash. */
  readonly topic: string;
  readonly urgency: 'normal' | 'high';
  /** After that the service throws it away. */
  readonly ttlSeconds: number;
}

/** `gone`: the subscription is no longer one; `later`: to be tried again; `refused`: it will never be taken. */
type Outcome =
  | { readonly is: 'sent' }
  | { readonly is: 'gone' }
  | { readonly is: 'refused'; readonly why: string }
  | { readonly is: 'later'; readonly afterSeconds: number | null; readonly why: string };

export interface SenderOptions {
  readonly core: Core;
  readonly keys: Keys;
  readonly outbound: Outbound;
  /** An https: or mailto: address by which push services reach whoever runs this server. */
  readonly contact: string;
}

/**
 * Brings encrypted messages to push services. What a service does not take at the moment is tried again a few times; the
 * row that waits holds what only the browser can read.
 */
export class Sender {
  readonly #core: Core;
  readonly #keys: Keys;
  readonly #outbound: Outbound;
  readonly #contact: string;

  constructor(options: SenderOptions) {
    this.#core = options.core;
    this.#keys = options.keys;
    this.#outbound = options.outbound;
    this.#contact = options.contact;
    options.core.timers.on(retryTimer, (appId, id) => this.#retry(appId, id));
  }

  async serverKeys(appId: string): Promise<ServerKeys> {
    return JSON.parse(await this.#keys.get(appId, 'web push', () => JSON.stringify(newServerKeys())));
  }

  /** Tries once now, and again later if need be. @returns whether the service has it */
  async send(subscription: Subscription, text: string, delivery: Delivery): Promise<boolean> {
    const body = encrypted(text, subscription);
    const outcome = await this.#post(subscription, body, delivery);
    if (outcome.is === 'later') {
      const { app_id, owner, session } = subscription;
      const expires_at = this.#core.clock.now() + delivery.ttlSeconds * 1000;
      const { topic, urgency } = delivery;
      const row = { app_id, id: newId(), owner, session, body: body.toString('base64'), topic, urgency };
      await this.#keepForLater({ ...row, expires_at, failures: 1 }, outcome);
      return false;
    }
    await this.#settle(subscription, outcome);
    return outcome.is === 'sent';
  }

  /** One try, for somebody who waits for the answer. @returns null when it was taken, else why not */
  async attempt(subscription: Subscription, text: string, delivery: Delivery): Promise<string | null> {
    const outcome = await this.#post(subscription, encrypted(text, subscription), delivery);
    if (outcome.is !== 'later') await this.#settle(subscription, outcome);
    if (outcome.is === 'sent') return null;
    return outcome.is === 'gone' ? 'The push service no longer knows this browser.' : outcome.why;
  }

  async #post(subscription: Subscription, body: Buffer, delivery: Delivery): Promise<Outcome> {
    const keys = await this.serverKeys(subscription.app_id);
    const topic = createHash('sha256').update(delivery.topic).digest('base64url').slice(0, 32);
    const headers = headersFor(subscription.endpoint, keys, this.#contact, { ...delivery, topic });
    try {
      const init = { method: 'POST', headers, body: new Uint8Array(body) };
      const { status, headers: answered } = await this.#outbound.fetch(subscription.endpoint, init, bounds);
      if (status >= 200 && status < 300) return { is: 'sent' };
      const why = `The push service answered ${status}.`;
      // 401 and 403: it was made for other keys of ours, and never works again.
      if ([401, 403, 404, 410].includes(status)) return { is: 'gone' };
      if (status === 429 || status >= 500) {
        return { is: 'later', afterSeconds: secondsOf(answered.get('Retry-After')), why };
      }
      return { is: 'refused', why };
    } catch (error) {
      if (!(error instanceof OutboundError)) throw error;
      if (error.code === 'refused') return { is: 'gone' };
      return { is: 'later', afterSeconds: null, why: error.message };
    }
  }

  async #settle({ app_id, session, endpoint_hash }: Subscription, outcome: Outcome): Promise<void> {
    if (outcome.is === 'refused') this.#core.onProblem('push', new Error(outcome.why));
    if (outcome.is !== 'gone') return;
    // By the endpoint, too: the browser may have made a new one meanwhile.
    await this.#core.db
      .deleteFrom('chat_push_subscriptions')
      .where('app_id', '=', app_id)
      .where('session', '=', session)
      .where('endpoint_hash', '=', endpoint_hash)
      .execute();
  }

  async #keepForLater(
    row: NotifyTables['chat_push_retries'],
    outcome: Outcome & { is: 'later' },
  ): Promise<void> {
    const { clock, db, timers } = this.#core;
    const wait = outcome.afterSeconds ?? retryFirstSeconds * 2 ** (row.failures - 1);
    const dueAt = clock.now() + Math.min(wait, retryMostSeconds) * 1000;
    const over = row.failures >= triesMost || dueAt >= row.expires_at;
    await db.transaction().execute(async (trx) => {
      await trx
        .deleteFrom('chat_push_retries')
        .where('app_id', '=', row.app_id)
        .where('id', '=', row.id)
        .execute();
      if (over) return;
      await trx.insertInto('chat_push_retries').values(row).execute();
      await timers.set(trx, retryTimer, row.app_id, row.id, dueAt);
    });
    if (over && row.failures >= triesMost) this.#core.onProblem('push', new Error(outcome.why));
  }

  async #retry(appId: string, id: Id): Promise<void> {
    const row = await this.#core.db
      .selectFrom('chat_push_retries')
      .selectAll()
      .where('app_id', '=', appId)
      .where('id', '=', id)
      .executeTakeFirst();
    if (row === undefined) return;
    const subscription = await this.#core.db
      .selectFrom('chat_push_subscriptions')
      .selectAll()
      .where('app_id', '=', appId)
      .where('session', '=', row.session)
      .where('owner', '=', row.owner)
      .executeTakeFirst();
    const ttlSeconds = Math.floor((row.expires_at - this.#core.clock.now()) / 1000);
    if (subscription !== undefined && ttlSeconds > 0) {
      const urgency = row.urgency === 'high' ? 'high' : 'normal';
      const delivery: Delivery = { topic: row.topic, urgency, ttlSeconds };
      const outcome = await this.#post(subscription, Buffer.from(row.body, 'base64'), delivery);
      if (outcome.is === 'later') {
        return this.#keepForLater({ ...row, failures: row.failures + 1 }, outcome);
      }
      await this.#settle(subscription, outcome);
    }
    await this.#core.db
      .deleteFrom('chat_push_retries')
      .where('app_id', '=', appId)
      .where('id', '=', id)
      .execute();
  }
}

/** `Retry-After` in seconds; as a date it is left out: services send seconds. */
function secondsOf(retryAfter: string | null): number | null {
  return retryAfter !== null && /^\d{1,9}$/.test(retryAfter) ? Math.max(1, Number(retryAfter)) : null;
}
