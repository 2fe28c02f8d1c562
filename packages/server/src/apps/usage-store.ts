import type { App } from './app.ts';
import type { AppDatabase } from './tables.ts';
import { dayOf } from './usage.ts';

/**
 * Keeps the usage of all apps over restarts, and adds up that of several nodes: what this node counted is added to
 * the row of the day, and the sum of all nodes comes back. Messages counted between midnight and the next write
 * belong to the day before.
 */
export class UsageStore {
  readonly #db: AppDatabase;
  #day: number;

  constructor(db: AppDatabase, nowMs: number) {
    this.#db = db;
    this.#day = dayOf(nowMs);
  }

  /** Reads what was counted today, for an app that is new to this process. */
  async read(app: App): Promise<void> {
    const row = await this.#db
      .selectFrom('app_usage')
      .select('messages')
      .where('app_id', '=', app.id)
      .where('day', '=', this.#day)
      .executeTakeFirst();
    app.usage.stored(this.#day, row?.messages ?? 0, 0);
  }

  async write(apps: Iterable<App>, nowMs: number): Promise<void> {
    const all = [...apps];
    for (const app of all) if (app.usage.unwritten > 0) await this.#add(app);
    const today = dayOf(nowMs);
    if (today === this.#day) return;
    this.#day = today;
    for (const { usage } of all) usage.newDay(today);
  }

  async #add({ id, usage }: App): Promise<void> {
    usage.share?.report();
    const messages = usage.unwritten;
    const day = this.#day;
    const { messages: total } = await this.#db.transaction().execute((transaction) =>
      transaction
        .insertInto('app_usage')
        .values({ app_id: id, day, messages })
        .onConflict((conflict) =>
          conflict.columns(['app_id', 'day']).doUpdateSet((row) => ({
            messages: row('app_usage.messages', '+', row.ref('excluded.messages')),
          })),
        )
        .returning('messages')
        .executeTakeFirstOrThrow(),
    );
    usage.stored(day, total, messages);
  }
}
