import { type Id, inboxOf, type Person } from '../contract/index.ts';
import type { Caller } from '../core/core.ts';
import { refuse } from '../refusal.ts';
import type { Invitations } from './invitations.ts';
import type { PeopleParts } from './parts.ts';
import { changeBetween } from './ties.ts';

/** Of one person. */
const blocksMax = 5_000;

/**
 * Blocks: both directions, kept on the server, and silent. The one who is blocked is told nothing and can tell nothing: the
 * other one looks offline, rings without answer, and their conversation cannot be written to.
 */
export class Blocks {
  readonly #parts: PeopleParts;
  readonly #invitations: Invitations;

  constructor(parts: PeopleParts, invitations: Invitations) {
    this.#parts = parts;
    this.#invitations = invitations;
  }

  /** Whom the person has blocked, the newest first. */
  async of(appId: string, blocker: Id): Promise<Person[]> {
    const rows = await this.#parts.core.db
      .selectFrom('chat_blocks')
      .select('blocked_id')
      .where('app_id', '=', appId)
      .where('blocker_id', '=', blocker)
      .orderBy('at', 'desc')
      .orderBy('blocked_id')
      .execute();
    const ids = rows.map((row) => row.blocked_id);
    const persons = await this.#parts.people.persons(appId, ids);
    return ids.flatMap((id) => persons.get(id) ?? []);
  }

  /** Blocking twice is blocking once. */
  async block({ app, user }: Caller, person: Id): Promise<void> {
    const { core, people } = this.#parts;
    if (person === user) refuse('bad_request', { field: 'person', message: 'You cannot block yourself.' });
    if ((await people.person(app.id, person)) === undefined) refuse('not_found');
    await core.db.transaction().execute(async (trx) => {
      await changeBetween(this.#parts, trx, app.id, user, [person], async () => {
        const { count } = await trx
          .selectFrom('chat_blocks')
          .select((select) => select.fn.countAll<number>().as('count'))
          .where('app_id', '=', app.id)
          .where('blocker_id', '=', user)
          .executeTakeFirstOrThrow();
        if (count >= blocksMax)
          refuse('conflict', { message: `You have blocked ${blocksMax} people already.` });
        await trx
          .insertInto('chat_blocks')
          .values({ app_id: app.id, blocker_id: user, blocked_id: person, at: core.clock.now() })
          .onConflict((conflict) => conflict.doNothing())
          .execute();
      });
      await this.#invitations.endBetween(trx, app.id, user, person);
      await core.outbox.add(trx, app.id, [inboxOf(user)], 'blocks_changed', {});
    });
    await core.outbox.flush();
  }

  async unblock({ app, user }: Caller, person: Id): Promise<void> {
    const { core } = this.#parts;
    const blocked = await this.#parts.reach.blockedBy(app.id, user);
    if (!blocked.has(person)) return;
    await core.db.transaction().execute(async (trx) => {
      await changeBetween(this.#parts, trx, app.id, user, [person], async () => {
        await trx
          .deleteFrom('chat_blocks')
          .where('app_id', '=', app.id)
          .where('blocker_id', '=', user)
          .where('blocked_id', '=', person)
          .execute();
      });
      await core.outbox.add(trx, app.id, [inboxOf(user)], 'blocks_changed', {});
    });
    await core.outbox.flush();
  }
}
