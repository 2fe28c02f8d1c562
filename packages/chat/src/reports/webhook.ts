import { createHmac } from 'node:crypto';
import type { ChatApp } from '../apps.ts';
import type { Id } from '../contract/index.ts';
import type { Core } from '../core/core.ts';
import { type Outbound, OutboundError } from '../outbound/outbound.ts';

/** Between tries, doubled each time up to the most: over seven hours all together. */
const retryFirstMs = 10_000;
const retryMostMs = 60 * 60_000;
const triesMost = 16;
const bounds = { bytesMax: 64 * 1024, timeoutMs: 15_000 };

const hookTimer = 'report-hook';

export interface ReportWebhookOptions {
  readonly core: Core;
  readonly outbound: Outbound;
  /** The app's chat secret: what the host signs its tokens with, the newest one. */
  readonly secretOf: (app: ChatApp) => Promise<string>;
  /** Where a moderator can look at a report. */
  readonly linkTo: (app: ChatApp, report: Id) => string;
}

/**
 * Tells an address of the app's that there is a report, until it answers 2xx. It is told who and where, by ids, and never
 * what was written: that is for moderators, behind the link.
 *
 * `Earshot-Signature: t={seconds},v1={hex}` is HMAC-SHA256 of `{seconds}.{body}` under the app's chat secret. A report may
 * come twice; its id tells.
 */
export class ReportWebhook {
  readonly #options: ReportWebhookOptions;

  constructor(options: ReportWebhookOptions) {
    this.#options = options;
    options.core.timers.on(hookTimer, (appId, id) => this.#deliver(appId, id));
  }

  get timer(): string {
    return hookTimer;
  }

  async #deliver(appId: string, id: Id): Promise<void> {
    const { core, secretOf } = this.#options;
    const app = core.apps.byId(appId);
    const row = await core.db
      .selectFrom('chat_reports')
      .selectAll()
      .where('app_id', '=', appId)
      .where('id', '=', id)
      .executeTakeFirst();
    const url = app?.settings.chatReportUrl ?? null;
    if (app === undefined || row === undefined || row.hook_failures === null) return;
    if (url === null) return this.#settled(appId, id, null, null);
    const { reporter, person, conversation, seq, reason, at } = row;
    const body = JSON.stringify({
      type: 'report',
      app: appId,
      report: { id, reporter, person, conversation, seq, reason, at },
      link: this.#options.linkTo(app, id),
    });
    const seconds = Math.floor(core.clock.now() / 1000);
    const signature = signatureOf(await secretOf(app), seconds, body);
    const failure = await this.#post(url, body, `t=${seconds},v1=${signature}`);
    if (failure === null) return this.#settled(appId, id, null, null);
    const failures = row.hook_failures + 1;
    if (failures >= triesMost) {
      core.onProblem('report webhook', new Error(failure));
      return this.#settled(appId, id, null, null);
    }
    const wait = Math.min(retryFirstMs * 2 ** (failures - 1), retryMostMs);
    await this.#settled(appId, id, failures, core.clock.now() + wait);
  }

  /** @returns null when it was taken, else why not */
  async #post(url: string, body: string, signature: string): Promise<string | null> {
    const headers = { 'Content-Type': 'application/json', 'Earshot-Signature': signature };
    try {
      const { status } = await this.#options.outbound.fetch(url, { method: 'POST', headers, body }, bounds);
      return status >= 200 && status < 300 ? null : `The address for reports answered ${status}.`;
    } catch (error) {
      if (error instanceof OutboundError) return error.message;
      throw error;
    }
  }

  async #settled(appId: string, id: Id, failures: number | null, next: number | null): Promise<void> {
    const { db, timers } = this.#options.core;
    await db.transaction().execute(async (trx) => {
      await trx
        .updateTable('chat_reports')
        .set({ hook_failures: failures })
        .where('app_id', '=', appId)
        .where('id', '=', id)
        .execute();
      if (next !== null) await timers.set(trx, hookTimer, appId, id, next);
    });
  }
}

export function signatureOf(secret: string, seconds: number, body: string): string {
  return createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
}
