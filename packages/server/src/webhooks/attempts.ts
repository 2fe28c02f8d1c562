import type { Clock } from '@earshot/base';
import { sql } from '@earshot/data';
import type { App } from '../apps/app.ts';
import { isContentHidden } from '../apps/content-hidden.ts';
import type { Endpoint } from './endpoint.ts';
import type { WebhookEvent } from './event.ts';
import type { Outcome } from './sender.ts';
import type { WebhookDatabase, WebhookTables } from './tables.ts';

/** Attempts that are kept of an app, of those that were taken and of those that failed; the oldest go. */
export const attemptsMax = 5_000;
/** How many may be written before the oldest are looked for. */
const trimEvery = 200;
/** Of what is taken, so many of an endpoint are noted in a second; failures are noted always. */
const takenPerSecond = 50;
/** A larger body is kept without the data of its events. */
const bodyMax = 64 * 1024;
/** Kept for so long (HOOK-17). */
export const keepAttemptsMs = 7 * 24 * 60 * 60_000;
const rowsMax = 100;

export type AttemptRow = WebhookTables['webhook_attempts'];

/** Puts down what was sent and answered. Rows wait here until something is written anyway. */
export class Attempts {
  readonly #clock: Clock;
  readonly #node: string;
  readonly #perSecond = new Map<string, { second: number; noted: number }>();
  readonly #written = new Map<string, number>();
  #rows: AttemptRow[] = [];
  #lastId = 0;

  /** @param node tells apart what several nodes write */
  constructor(clock: Clock, node: string) {
    this.#clock = clock;
    this.#node = node.slice(0, 8);
  }

  note(
    app: App,
    endpoint: Endpoint,
    attempt: { readonly attempt: number; readonly body: string; readonly events: readonly string[] },
    outcome: Outcome,
  ): void {
    const now = this.#clock.now();
    if (outcome.ok && this.#isOverRate(`${app.id}/${endpoint.id}`, now)) return;
    const events = attempt.events.map((text) => JSON.parse(text) as WebhookEvent);
    const hidden = events.some(({ channel }) => isContentHidden(app, channel));
    this.#lastId = Math.max(this.#lastId + 1, now * 1_000);
    this.#rows.push({
      app_id: app.id,
      id: `${this.#lastId.toString(36).padStart(11, '0')}-${this.#node}`,
      endpoint_id: endpoint.id,
      at: now - outcome.durationMs,
      duration_ms: outcome.durationMs,
      attempt: attempt.attempt,
      ok: outcome.ok ? 1 : 0,
      status: outcome.status,
      reason: outcome.reason,
      body: shownBody(app, attempt.body, attempt.events, events),
      // It may say again what it was sent.
      answer: hidden ? null : outcome.answer,
      events: JSON.stringify(events.map(({ name, channel }) => ({ name, channel }))),
    });
  }

  /** Writes what was noted, as a part of a transaction. Those that it fails with are noted no more. */
  async write(trx: WebhookDatabase): Promise<void> {
    const rows = this.#rows;
    this.#rows = [];
    for (let from = 0; from < rows.length; from += rowsMax) {
      await trx
        .insertInto('webhook_attempts')
        .values(rows.slice(from, from + rowsMax))
        .execute();
    }
    for (const [key, ofKind] of Map.groupBy(rows, ({ app_id, ok }) => JSON.stringify([app_id, ok]))) {
      const written = (this.#written.get(key) ?? trimEvery) + ofKind.length;
      this.#written.set(key, written < trimEvery ? written : 0);
      const [first] = ofKind;
      if (written >= trimEvery && first !== undefined) await trim(trx, first.app_id, first.ok);
    }
  }

  #isOverRate(key: string, now: number): boolean {
    const second = Math.floor(now / 1_000);
    const known = this.#perSecond.get(key);
    if (known === undefined || known.second !== second) {
      this.#perSecond.set(key, { second, noted: 1 });
      return false;
    }
    return ++known.noted > takenPerSecond;
  }
}

async function trim(trx: WebhookDatabase, appId: string, ok: number): Promise<void> {
  await trx
    .deleteFrom('webhook_attempts')
    .where('app_id', '=', appId)
    .where('ok', '=', ok)
    .where('id', '<=', (from) =>
      from
        .selectFrom('webhook_attempts as older')
        .select('older.id')
        .where('older.app_id', '=', appId)
        .where('older.ok', '=', ok)
        .orderBy('older.id', 'desc')
        .limit(1)
        .offset(sql.lit(attemptsMax)),
    )
    .execute();
}

/** Exactly what was sent; of events of hidden channels name, channel and size alone. */
export function shownBody(
  app: App,
  body: string,
  texts: readonly string[],
  events: readonly WebhookEvent[],
): string {
  const isLarge = body.length > bodyMax;
  if (!isLarge && !events.some(({ channel }) => isContentHidden(app, channel))) return body;
  const { time_ms } = JSON.parse(body) as { time_ms: number };
  const shown = events.map((event, index) => {
    const bytes = Buffer.byteLength(texts[index] ?? '');
    if (isContentHidden(app, event.channel))
      return { name: event.name, channel: event.channel, hidden_bytes: bytes };
    if (!isLarge || event.data === undefined) return event;
    const { data, ...rest } = event;
    return { ...rest, left_out_bytes: Buffer.byteLength(data) };
  });
  return JSON.stringify({ time_ms, events: shown });
}
