import { type Id, inboxOf, type Person } from '../contract/index.ts';
import type { ChatTransaction } from '../core/core.ts';
import { chunksOf } from './chunks.ts';
import { contactOf, sightOf } from './contact-view.ts';
import { lockPersons, type StatusRow } from './lock.ts';
import type { TiesParts } from './parts.ts';
import { isListed, type Relation, relationsOf, sees, sourceOf, stranger, turned } from './relations.ts';

/** What one of two people has of the other one, before and after a change. */
interface View {
  readonly viewer: Id;
  readonly other: Id;
  readonly was: Relation;
  readonly is: Relation;
}

/**
 * Changes contacts or blocks between one person and others, and tells each of them, in every tab, what is different for
 * them: a contact that came or went, somebody who is now shown as online or offline. The one way to do so, so that no
 * change forgets a side of it. Nobody is told why.
 *
 * @param change writes rows between `one` and `others`; both sides are held (`lock.ts`)
 */
export async function changeBetween(
  parts: TiesParts,
  trx: ChatTransaction,
  appId: string,
  one: Id,
  others: Iterable<Id>,
  change: () => Promise<void>,
): Promise<void> {
  const them = [...new Set(others)].filter((other) => other !== one);
  const statuses = await lockPersons(trx, appId, [one, ...them], parts.core.clock.now());
  const before = await relationsOf(trx, appId, one, them);
  await change();
  const after = await relationsOf(trx, appId, one, them);
  const views = them.flatMap((other): View[] => {
    const was = before.get(other) ?? stranger;
    const is = after.get(other) ?? stranger;
    return [
      { viewer: one, other, was, is },
      { viewer: other, other: one, was: turned(was), is: turned(is) },
    ];
  });
  const seeing = views.filter(({ was, is }) => sees(was) !== sees(is));
  await raiseVersions(trx, appId, statuses, seeing, parts.core.clock.now());
  await keepHidden(trx, appId, one, statuses, seeing);
  await tell(parts, trx, appId, one, statuses, views);
}

/** Those whose online mark comes or goes for somebody: the one who is shown it takes the higher version for the newer one. */
async function raiseVersions(
  trx: ChatTransaction,
  appId: string,
  statuses: Map<Id, StatusRow>,
  views: readonly View[],
  now: number,
): Promise<void> {
  const shown = [...new Set(views.map(({ other }) => other))];
  const raised = shown.flatMap((id) => statuses.get(id) ?? []).filter(({ online }) => online === 1);
  for (const status of raised) {
    const version = status.version + 1;
    // For everybody else nothing has changed, so there is nothing to announce.
    const announced = status.announced === status.version ? version : status.announced;
    statuses.set(status.user_id, { ...status, version, announced });
  }
  for (const some of chunksOf(raised)) {
    await trx
      .updateTable('chat_statuses')
      .set((row) => ({
        version: row('version', '+', 1),
        announced: row
          .case()
          .when('announced', '=', row.ref('version'))
          .then(row('version', '+', 1))
          .else(row.ref('announced'))
          .end(),
        changed_at: now,
      }))
      .where('app_id', '=', appId)
      .where(
        'user_id',
        'in',
        some.map(({ user_id }) => user_id),
      )
      .execute();
  }
}

/** Notes with which version each viewer is left, of those whom they do not see any more. */
async function keepHidden(
  trx: ChatTransaction,
  appId: string,
  one: Id,
  statuses: ReadonlyMap<Id, StatusRow>,
  views: readonly View[],
): Promise<void> {
  await eachSide(one, views, async (mine, theirs) => {
    await trx
      .deleteFrom('chat_hidden_statuses')
      .where('app_id', '=', appId)
      .where(mine, '=', one)
      .where(mine === 'viewer_id' ? 'user_id' : 'viewer_id', 'in', theirs)
      .execute();
  });
  const hidden = views.filter(({ is }) => !sees(is) && is.mine.length > 0);
  for (const some of chunksOf(hidden)) {
    await trx
      .insertInto('chat_hidden_statuses')
      .values(
        some.map(({ viewer, other }) => ({
          app_id: appId,
          viewer_id: viewer,
          user_id: other,
          version: statuses.get(other)?.version ?? 0,
        })),
      )
      .execute();
  }
}

/** Views of `one`, then views of the others on `one`, in as many pieces as statements need. */
async function eachSide(
  one: Id,
  views: readonly View[],
  work: (mine: 'viewer_id' | 'user_id', theirs: Id[]) => Promise<void>,
): Promise<void> {
  const seen = views.filter(({ viewer }) => viewer === one).map(({ other }) => other);
  const seeing = views.filter(({ viewer }) => viewer !== one).map(({ viewer }) => viewer);
  for (const some of chunksOf(seen)) await work('viewer_id', some);
  for (const some of chunksOf(seeing)) await work('user_id', some);
}

async function tell(
  { core, people, directs }: TiesParts,
  trx: ChatTransaction,
  appId: string,
  one: Id,
  statuses: ReadonlyMap<Id, StatusRow>,
  views: readonly View[],
): Promise<void> {
  // Who is not connected asks for everything when they come. Their row is held: they do not come in between.
  const heard = views.filter(
    ({ viewer, was, is }) =>
      statuses.get(viewer)?.connected === 1 &&
      (isListed(was) !== isListed(is) || sourceOf(was) !== sourceOf(is) || sees(was) !== sees(is)),
  );
  if (heard.length === 0) return;
  const ids = [...new Set(heard.map(({ other }) => other))];
  const persons: ReadonlyMap<Id, Person> = await people.persons(appId, ids, trx);
  const conversations = await directs.of(appId, one, trx);
  const hidden = await hiddenVersions(trx, appId, one, heard);
  for (const { viewer, other, was, is } of heard) {
    const inbox = [inboxOf(viewer)];
    const person = persons.get(other);
    const status = statuses.get(other);
    const sight = sightOf(is, status, hidden.get(`${viewer} ${other}`));
    if (!isListed(is)) {
      if (isListed(was)) await core.outbox.add(trx, appId, inbox, 'contact_removed', { person: other });
    } else if (isListed(was) && sourceOf(was) === sourceOf(is)) {
      if (person !== undefined && status?.online === 1) {
        await core.outbox.add(trx, appId, inbox, 'friend_status', { person, ...sight });
      }
    } else {
      const contact = contactOf(person, is, sight, conversations.get(viewer === one ? other : viewer));
      if (contact !== null) await core.outbox.add(trx, appId, inbox, 'contact_changed', { contact });
    }
  }
}

async function hiddenVersions(
  trx: ChatTransaction,
  appId: string,
  one: Id,
  views: readonly View[],
): Promise<Map<string, number>> {
  const versions = new Map<string, number>();
  const asked = views.filter(({ is }) => !sees(is) && isListed(is));
  await eachSide(one, asked, async (mine, theirs) => {
    const rows = await trx
      .selectFrom('chat_hidden_statuses')
      .select(['viewer_id', 'user_id', 'version'])
      .where('app_id', '=', appId)
      .where(mine, '=', one)
      .where(mine === 'viewer_id' ? 'user_id' : 'viewer_id', 'in', theirs)
      .execute();
    for (const row of rows) versions.set(`${row.viewer_id} ${row.user_id}`, row.version);
  });
  return versions;
}
