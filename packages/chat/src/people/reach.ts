import type { ChatApps } from '../apps.ts';
import type { Id } from '../contract/index.ts';
import type { ChatDatabase, People, Reach } from '../core/core.ts';

/** Who may reach whom, from the rows of blocks and presence. */
export function createReach(
  { db, apps }: { readonly db: ChatDatabase; readonly apps: ChatApps },
  people: People,
): Reach {
  return {
    async mayWrite(appId, from, to) {
      if (apps.byId(appId)?.settings.chatDirect === 'nobody') return false;
      const block = await db
        .selectFrom('chat_blocks')
        .select('blocker_id')
        .where('app_id', '=', appId)
        .where((where) =>
          where.or([
            where('blocker_id', '=', from).and('blocked_id', '=', to),
            where('blocker_id', '=', to).and('blocked_id', '=', from),
          ]),
        )
        .limit(1)
        .executeTakeFirst();
      const person = await people.person(appId, to);
      return block === undefined && person !== undefined && !person.deleted;
    },

    async blockedBy(appId, reader): Promise<ReadonlySet<Id>> {
      const rows = await db
        .selectFrom('chat_blocks')
        .select('blocked_id')
        .where('app_id', '=', appId)
        .where('blocker_id', '=', reader)
        .execute();
      return new Set(rows.map((row) => row.blocked_id));
    },

    async blockersOf(appId, author): Promise<ReadonlySet<Id>> {
      const rows = await db
        .selectFrom('chat_blocks')
        .select('blocker_id')
        .where('app_id', '=', appId)
        .where('blocked_id', '=', author)
        .execute();
      return new Set(rows.map((row) => row.blocker_id));
    },

    async isConnected(appId, id) {
      const status = await db
        .selectFrom('chat_statuses')
        .select('connected')
        .where('app_id', '=', appId)
        .where('user_id', '=', id)
        .executeTakeFirst();
      return status?.connected === 1;
    },
  };
}
