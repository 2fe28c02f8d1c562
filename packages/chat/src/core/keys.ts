import type { Clock } from '@earshot/base';
import type { Migration } from '@earshot/data';
import type { ChatDatabase } from './core.ts';

export type KeyTables = {
  /** Keys that the server makes for itself, one for each app and purpose. */
  chat_keys: { app_id: string; purpose: string; value: string; created_at: number };
};

export const keyMigrations: Record<string, Migration> = {
  '2026-11-21-keys': {
    async up(db) {
      await db.schema
        .createTable('chat_keys')
        .addColumn('app_id', 'text', (column) => column.notNull())
        .addColumn('purpose', 'text', (column) => column.notNull())
        .addColumn('value', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('chat_keys_pk', ['app_id', 'purpose'])
        .execute();
    },
  },
};

/** Keys that are made when they are first asked for and then kept: all processes of a database have the same ones. */
export class Keys {
  readonly #db: ChatDatabase;
  readonly #clock: Clock;
  /** By app and purpose; apps are few. */
  readonly #known = new Map<string, Promise<string>>();

  constructor(core: { readonly db: ChatDatabase; readonly clock: Clock }) {
    this.#db = core.db;
    this.#clock = core.clock;
  }

  /** Never within a transaction: it uses the database itself. */
  get(appId: string, purpose: string, make: () => string): Promise<string> {
    const name = `${appId} ${purpose}`;
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const key = this.#keep(appId, purpose, make);
    this.#known.set(name, key);
    key.catch(() => this.#known.delete(name));
    return key;
  }

  async #keep(appId: string, purpose: string, make: () => string): Promise<string> {
    const kept = () =>
      this.#db
        .selectFrom('chat_keys')
        .select('value')
        .where('app_id', '=', appId)
        .where('purpose', '=', purpose)
        .executeTakeFirst();
    const before = await kept();
    if (before !== undefined) return before.value;
    await this.#db
      .insertInto('chat_keys')
      .values({ app_id: appId, purpose, value: make(), created_at: this.#clock.now() })
      .onConflict((conflict) => conflict.columns(['app_id', 'purpose']).doNothing())
      .execute();
    const after = await kept();
    if (after === undefined) throw new Error(`the key for ${purpose} was not kept`);
    return after.value;
  }
}

/** A random key: 32 bytes, base64url. */
export function randomKey(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url');
}
