import type { Attachments, Core } from '../core/core.ts';
import { type ConversationRow, idsIn } from './rows.ts';

const timer = 'conversations.retention';
const everyMs = 60 * 60_000;
const dayMs = 24 * 60 * 60_000;
/** Messages in one transaction. */
const chunk = 500;
const conversationsAtOnce = 200;

/**
 * Deletes messages that are older than their room (or the app) keeps them: the rows go, the numbers go on. The oldest go
 * first, so what is left has no holes, and its first message is the honest end of the history.
 */
export class Retention {
  readonly #core: Core;
  readonly #attachments: Attachments;

  constructor(core: Core, attachments: Attachments) {
    this.#core = core;
    this.#attachments = attachments;
    core.timers.on(timer, async (appId) => {
      await this.#sweep(appId);
      await this.#set(appId, core.clock.now() + everyMs);
    });
  }

  /** Sees to it that every app has its timer; one that is set already stays as it is. */
  async start(): Promise<void> {
    for (const { id } of this.#core.apps.all()) {
      const there = await this.#core.db
        .selectFrom('chat_timers')
        .select('due_at')
        .where('app_id', '=', id)
        .where('kind', '=', timer)
        .executeTakeFirst();
      if (there === undefined) await this.#set(id, this.#core.clock.now() + everyMs);
    }
  }

  async #set(appId: string, dueAt: number): Promise<void> {
    await this.#core.db.transaction().execute((trx) => this.#core.timers.set(trx, timer, appId, '', dueAt));
  }

  async #sweep(appId: string): Promise<void> {
    const app = this.#core.apps.byId(appId);
    if (app === undefined) return;
    const { chatRetentionDays } = app.settings;
    for (let after = ''; ; ) {
      const rows = await this.#core.db
        .selectFrom('chat_conversations')
        .selectAll()
        .where('app_id', '=', appId)
        .where('id', '>', after)
        .where('last_seq', '>', 0)
        .where((row) =>
          chatRetentionDays > 0
            ? row.or([row('retention_days', 'is', null), row('retention_days', '>', 0)])
            : row('retention_days', '>', 0),
        )
        .orderBy('id')
        .limit(conversationsAtOnce)
        .execute();
      for (const row of rows) {
        await this.#forget(row, this.#core.clock.now() - (row.retention_days ?? chatRetentionDays) * dayMs);
      }
      const last = rows.at(-1);
      if (last === undefined || rows.length < conversationsAtOnce) return;
      after = last.id;
    }
  }

  async #forget({ app_id, id }: ConversationRow, until: number): Promise<void> {
    for (;;) {
      const gone = await this.#core.db.transaction().execute(async (trx) => {
        const oldest = await trx
          .selectFrom('chat_messages')
          .select(['seq', 'at', 'attachments'])
          .where('app_id', '=', app_id)
          .where('conversation', '=', id)
          .orderBy('seq')
          .limit(chunk)
          .execute();
        const kept = oldest.findIndex(({ at }) => at >= until);
        const old = kept === -1 ? oldest : oldest.slice(0, kept);
        const last = old.at(-1);
        if (last === undefined) return 0;
        const files = old.flatMap(({ attachments }) => idsIn(attachments));
        if (files.length > 0) await this.#attachments.release(trx, app_id, files);
        for (const table of ['chat_reactions', 'chat_mentions', 'chat_messages'] as const) {
          await trx
            .deleteFrom(table)
            .where('app_id', '=', app_id)
            .where('conversation', '=', id)
            .where('seq', '<=', last.seq)
            .execute();
        }
        return old.length;
      });
      if (gone < chunk) return;
    }
  }
}
