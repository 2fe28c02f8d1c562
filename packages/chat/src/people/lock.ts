import type { Id } from '../contract/index.ts';
import type { ChatTransaction } from '../core/core.ts';
import { chunksOf } from './chunks.ts';
import type { PeopleTables } from './tables.ts';

export type StatusRow = PeopleTables['chat_statuses'];

/**
 * Holds the rows of these people until the transaction ends, making those that there are not. Everything that concerns two
 * people (contacts, blocks, invitations, what they see of each other) holds both, so that none of it happens at the same
 * time. Always in the order of the ids, so that no two transactions wait for each other.
 */
export async function lockPersons(
  trx: ChatTransaction,
  appId: string,
  ids: Iterable<Id>,
  now: number,
): Promise<Map<Id, StatusRow>> {
  const sorted = [...new Set(ids)].sort();
  const rows = new Map<Id, StatusRow>();
  for (const some of chunksOf(sorted)) {
    const fresh = some.map((user_id) => ({
      app_id: appId,
      user_id,
      connected: 0,
      leaving_at: null,
      invisible: 0,
      online: 0,
      version: 0,
      announced: 0,
      changed_at: now,
    }));
    const held = await trx
      .insertInto('chat_statuses')
      .values(fresh)
      .onConflict((conflict) =>
        conflict
          .columns(['app_id', 'user_id'])
          // Changes nothing, and so takes the row's lock.
          .doUpdateSet((expression) => ({ version: expression.ref('chat_statuses.version') })),
      )
      .returningAll()
      .execute();
    for (const row of held) rows.set(row.user_id, row);
  }
  return rows;
}
