import type { Clock } from '@earshot/base';
import type { ChatDatabase } from './core.ts';

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
