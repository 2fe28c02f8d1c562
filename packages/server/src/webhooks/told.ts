import { type Database, sql } from '@earshot/data';
import { type Endpoint, type Pair, pairs, wants } from './endpoint.ts';
import type { AppEndpoints } from './endpoints.ts';
import { keptText, readText, rowsOf } from './rows.ts';
import type { WebhookDatabase } from './tables.ts';

/** A channel, or with a user id a member of it. */
export interface ToldKey {
  readonly channel: string;
  /** '' for the channel itself. */
  readonly userId: string;
}

export const pairOf = ({ userId }: ToldKey): Pair => (userId === '' ? 'channel' : 'member');

/**
 * What the endpoints of one app believe of some channels and members, read in a transaction, changed with what is
 * journaled in it, and written at its end. So the database alone decides what was told, whichever node asks.
 */
export class Told {
  readonly #known = new Map<string, { readonly key: ToldKey; before: string; now: Set<string> }>();

  readonly #kind: Database['kind'];

  private constructor(kind: Database['kind']) {
    this.#kind = kind;
  }

  static async read(
    kind: Database['kind'],
    trx: WebhookDatabase,
    appId: string,
    keys: readonly ToldKey[],
  ): Promise<Told> {
    const told = new Told(kind);
    for (const key of keys) told.#known.set(nameOf(key), { key, before: '', now: new Set() });
    if (keys.length === 0) return told;
    const rows = await trx
      .selectFrom('webhook_told')
      .select(['channel', 'user_id', 'endpoints'])
      .where('app_id', '=', appId)
      .where(told.#oneOf([...told.#known.values()].map(({ key }) => key)))
      .execute();
    for (const { channel, user_id, endpoints } of rows) {
      const entry = told.#known.get(nameOf({ channel, userId: readText(user_id) }));
      if (entry === undefined) continue;
      entry.before = endpoints;
      entry.now = new Set(endpoints.split(' '));
    }
    return told;
  }

  /**
   * It is so now.
   * @param wasThere whether an endpoint followed when it became so
   * @returns the endpoints that are to be told of the begin
   */
  begin(key: ToldKey, endpoints: AppEndpoints, wasThere: (endpoint: Endpoint) => boolean): Endpoint[] {
    const believers = this.#of(key);
    const pair = pairOf(key);
    const fresh = endpoints
      .following(pair, key.channel)
      .filter((endpoint) => !believers.has(endpoint.id) && wasThere(endpoint));
    for (const { id } of fresh) believers.add(id);
    return fresh.filter((endpoint) => wants(endpoint, pairs[pair].begin, key.channel));
  }

  /**
   * It is so no longer. Disabled endpoints go on believing it, so that they can be told when they are enabled again; those
   * that were removed are forgotten. @returns the endpoints that are to be told of the end
   */
  end(key: ToldKey, endpoints: AppEndpoints): Endpoint[] {
    const believers = this.#of(key);
    const ended: Endpoint[] = [];
    for (const id of [...believers]) {
      const endpoint = endpoints.byId(id);
      if (endpoint !== undefined && !endpoint.enabled) continue;
      believers.delete(id);
      if (endpoint !== undefined && wants(endpoint, pairs[pairOf(key)].end, key.channel))
        ended.push(endpoint);
    }
    return ended;
  }

  async write(trx: WebhookDatabase, appId: string): Promise<void> {
    const changed = [...this.#known.values()]
      .map(({ key, before, now }) => ({ key, before, now: [...now].join(' ') }))
      .filter(({ before, now }) => before !== now);
    const held = changed.filter(({ now }) => now !== '');
    if (held.length > 0) {
      const rows = held.map(({ key, now }) => [appId, key.channel, keptText(key.userId), now]);
      await sql`
        insert into webhook_told (app_id, channel, user_id, endpoints)
        select value ->> 0, value ->> 1, value ->> 2, value ->> 3 from ${rowsOf(this.#kind, rows)} where true
        on conflict (app_id, channel, user_id) do update set endpoints = excluded.endpoints
      `.execute(trx);
    }
    const over = changed.filter(({ now }) => now === '').map(({ key }) => key);
    if (over.length > 0) {
      await trx.deleteFrom('webhook_told').where('app_id', '=', appId).where(this.#oneOf(over)).execute();
    }
  }

  #oneOf(keys: readonly ToldKey[]) {
    const rows = rowsOf(
      this.#kind,
      keys.map(({ channel, userId }) => [channel, keptText(userId)]),
    );
    return sql<boolean>`(channel, user_id) in (select value ->> 0, value ->> 1 from ${rows})`;
  }

  #of(key: ToldKey): Set<string> {
    const entry = this.#known.get(nameOf(key));
    if (entry === undefined) throw new Error('asked for a channel that was not read');
    return entry.now;
  }
}

/** An endpoint believes nothing any more. */
export async function forgetBeliefs(trx: WebhookDatabase, appId: string, endpointId: string): Promise<void> {
  const without = sql<string>`trim(replace(' ' || endpoints || ' ', ${` ${endpointId} `}, ' '))`;
  await trx
    .updateTable('webhook_told')
    .set({ endpoints: without })
    .where('app_id', '=', appId)
    .where('endpoints', 'like', `%${endpointId}%`)
    .execute();
  await trx.deleteFrom('webhook_told').where('app_id', '=', appId).where('endpoints', '=', '').execute();
}

/** Channel names hold no line break. */
function nameOf({ channel, userId }: ToldKey): string {
  return `${channel}\n${userId}`;
}
