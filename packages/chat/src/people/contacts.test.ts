import { describe, expect, test } from 'bun:test';
import { onEachDatabase } from '../../../../tests/support/databases.ts';
import { type Id, inboxOf } from '../contract/index.ts';
import { newId } from '../ids.ts';
import { openCrowd, statusesHeard, type TestCrowd } from './testing.ts';

/** The list as `name`, with a `+` for those shown as online. */
async function listOf(crowd: TestCrowd, id: Id): Promise<string[]> {
  const contacts = await crowd.contacts.of(crowd.appId, id);
  return contacts.map(({ person, online }) => `${person.name}${online ? '+' : ''}`).sort();
}

function eventsOf(crowd: TestCrowd, id: Id): string[] {
  return crowd.host.published
    .filter(({ channels }) => channels.includes(inboxOf(id)))
    .map(({ event }) => event);
}

async function crowdOf(url: string) {
  const crowd = await openCrowd({ url });
  const anna = crowd.add('Anna');
  const ben = crowd.add('Ben');
  await crowd.come(anna);
  await crowd.come(ben);
  return { crowd, anna, ben };
}

describe('contacts', () => {
  onEachDatabase((fresh) => {
    test('whom somebody follows is in their list, sees nothing of it, and shows nothing until they follow back', async () => {
      const { crowd, anna, ben } = await crowdOf(await fresh());
      await using _ = crowd;
      expect(await crowd.list(anna, 'provider', [ben])).toBe(1);
      expect(await listOf(crowd, anna)).toEqual(['Ben']);
      expect(await listOf(crowd, ben)).toEqual([]);
      expect(eventsOf(crowd, ben)).toEqual([]);
      await crowd.go(ben);
      await crowd.pass(5_000);
      await crowd.come(ben);
      expect(statusesHeard(crowd, anna)).toEqual([]);
      await crowd.list(ben, 'provider', [anna]);
      expect(statusesHeard(crowd, anna)).toEqual(['+Ben']);
      expect(await listOf(crowd, anna)).toEqual(['Ben+']);
      expect(await listOf(crowd, ben)).toEqual(['Anna+']);
    });

    test('whom the host names is seen by the user it names them to, and by nobody else', async () => {
      const { crowd, anna, ben } = await crowdOf(await fresh());
      await using _ = crowd;
      await crowd.list(anna, 'host', [ben]);
      expect(await listOf(crowd, anna)).toEqual(['Ben+']);
      expect(await listOf(crowd, ben)).toEqual([]);
      expect(crowd.host.eventsOn(inboxOf(anna), 'contact_changed')).toHaveLength(1);
    });

    test('the host’s list is replaced as a whole; other reasons stay', async () => {
      const { crowd, anna, ben } = await crowdOf(await fresh());
      await using _ = crowd;
      const carla = crowd.add('Carla');
      const dora = crowd.add('Dora');
      await crowd.befriend(anna, ben);
      const replace = async (found: Id[]) => {
        await crowd.chat.core.db
          .transaction()
          .execute((trx) => crowd.contacts.replaceHost(trx, crowd.appId, anna, found));
        await crowd.settle();
      };
      await replace([ben, carla]);
      expect(await listOf(crowd, anna)).toEqual(['Ben+', 'Carla']);
      crowd.host.published.length = 0;
      await replace([dora]);
      expect(await listOf(crowd, anna)).toEqual(['Ben+', 'Dora']);
      expect(eventsOf(crowd, anna).sort()).toEqual(['contact_changed', 'contact_removed']);
      expect(eventsOf(crowd, ben)).toEqual([]);
      crowd.host.published.length = 0;
      await replace([dora]);
      expect(crowd.host.published).toEqual([]);
    });

    test('removing a contact that both agreed to removes it for both, in every tab', async () => {
      const { crowd, anna, ben } = await crowdOf(await fresh());
      await using _ = crowd;
      await crowd.befriend(anna, ben);
      crowd.host.published.length = 0;
      await crowd.contacts.remove(crowd.as(anna), ben);
      expect(await listOf(crowd, anna)).toEqual([]);
      expect(await listOf(crowd, ben)).toEqual([]);
      expect(crowd.host.eventsOn(inboxOf(anna), 'contact_removed')).toEqual([{ person: ben }]);
      expect(crowd.host.eventsOn(inboxOf(ben), 'contact_removed')).toEqual([{ person: anna }]);
      crowd.host.published.length = 0;
      await crowd.contacts.remove(crowd.as(anna), ben);
      await crowd.contacts.remove(crowd.as(anna), newId());
      expect(crowd.host.published).toEqual([]);
    });

    test('whoever is taken off a list is not shown its owner’s presence any more, whatever the host says', async () => {
      const { crowd, anna, ben } = await crowdOf(await fresh());
      await using _ = crowd;
      await crowd.list(anna, 'host', [ben]);
      await crowd.list(ben, 'host', [anna]);
      await crowd.contacts.remove(crowd.as(ben), anna);
      expect(statusesHeard(crowd, anna)).toEqual(['-Ben']);
      expect(await listOf(crowd, anna)).toEqual(['Ben']);
      const before = await crowd.contacts.of(crowd.appId, anna);
      await crowd.go(ben);
      await crowd.pass(5_000);
      await crowd.come(ben);
      expect(await crowd.contacts.of(crowd.appId, anna)).toEqual(before); // no version that moves
      await crowd.list(ben, 'host', [anna]);
      expect(await listOf(crowd, ben)).toEqual([]); // it stays off
      await crowd.befriend(ben, anna);
      expect(await listOf(crowd, anna)).toEqual(['Ben+']);
      expect(await listOf(crowd, ben)).toEqual(['Anna+']);
      const [now] = await crowd.contacts.of(crowd.appId, anna);
      expect(now?.statusVersion).toBeGreaterThan(before[0]?.statusVersion ?? 0);
    });

    test('two who befriend each other from both sides at once end as contacts, without a deadlock', async () => {
      const url = await fresh();
      const { crowd, anna, ben } = await crowdOf(url);
      await using _ = crowd;
      await using other = await openCrowd({ url, beside: crowd });
      for (let round = 0; round < 5; round++) {
        await Promise.all([
          crowd.befriend(anna, ben),
          other.befriend(ben, anna),
          crowd.list(anna, 'host', [ben]),
          other.list(ben, 'host', [anna]),
        ]);
      }
      expect(await listOf(crowd, anna)).toEqual(['Ben+']);
      expect(await listOf(crowd, ben)).toEqual(['Anna+']);
    });

    test('a list is bounded', async () => {
      const { crowd, anna } = await crowdOf(await fresh());
      await using _ = crowd;
      const others = Array.from({ length: 5_010 }, (_unused, index) => crowd.add(`Other ${index}`));
      expect(await crowd.list(anna, 'host', others)).toBe(5_000);
      expect(await crowd.list(anna, 'provider', others.slice(0, 20))).toBe(0);
      expect(await crowd.contacts.of(crowd.appId, anna)).toHaveLength(5_000);
    });

    test('what everybody may see goes to the inboxes of those who have the person in their list', async () => {
      const { crowd, anna, ben } = await crowdOf(await fresh());
      await using _ = crowd;
      const away = crowd.add('Away');
      await crowd.list(anna, 'provider', [ben]);
      await crowd.list(away, 'provider', [ben]);
      expect(await crowd.contacts.audience(crowd.appId, ben)).toEqual([inboxOf(anna)]);
      expect(await crowd.contacts.audience(crowd.appId, anna)).toEqual([]);
    });
  });
});

describe('blocks', () => {
  onEachDatabase((fresh) => {
    test('a block hides each from the other, closes their conversation, and only the blocker is told', async () => {
      const { crowd, anna, ben } = await crowdOf(await fresh());
      await using _ = crowd;
      await crowd.befriend(anna, ben);
      crowd.host.published.length = 0;
      await crowd.blocks.block(crowd.as(anna), ben);
      await crowd.settle();
      expect(eventsOf(crowd, anna).sort()).toEqual(['blocks_changed', 'contact_removed']);
      expect(eventsOf(crowd, ben)).toEqual(['friend_status']);
      expect(statusesHeard(crowd, ben)).toEqual(['-Anna']);
      expect(await listOf(crowd, anna)).toEqual([]);
      expect(await listOf(crowd, ben)).toEqual(['Anna']);
      for (const [from, to] of [
        [anna, ben],
        [ben, anna],
      ] as const) {
        expect(await crowd.reach.mayWrite(crowd.appId, from, to)).toBe(false);
      }
      expect([...(await crowd.reach.blockedBy(crowd.appId, anna))]).toEqual([ben]);
      expect([...(await crowd.reach.blockedBy(crowd.appId, ben))]).toEqual([]);
      expect((await crowd.blocks.of(crowd.appId, anna)).map(({ name }) => name)).toEqual(['Ben']);
    });

    test('to the one who is blocked the other one is somebody who is offline, whatever they do', async () => {
      const { crowd, anna, ben } = await crowdOf(await fresh());
      await using _ = crowd;
      await crowd.befriend(anna, ben);
      await crowd.blocks.block(crowd.as(anna), ben);
      crowd.host.published.length = 0;
      const before = await crowd.contacts.of(crowd.appId, ben);
      await crowd.go(anna);
      await crowd.pass(5_000);
      await crowd.come(anna);
      await crowd.go(ben);
      await crowd.pass(5_000);
      await crowd.come(ben);
      expect(crowd.host.published).toEqual([]);
      expect(await crowd.contacts.of(crowd.appId, ben)).toEqual(before);
    });

    test('a block outlives sessions and ends with unblocking, which brings back what was there', async () => {
      const url = await fresh();
      const first = await crowdOf(url);
      const { anna, ben } = first;
      await first.crowd.befriend(anna, ben);
      await first.crowd.blocks.block(first.crowd.as(anna), ben);
      await first.crowd[Symbol.asyncDispose]();
      await using crowd = await openCrowd({ url, beside: first.crowd });
      expect(await crowd.reach.mayWrite(crowd.appId, ben, anna)).toBe(false);
      crowd.host.published.length = 0;
      await crowd.blocks.unblock(crowd.as(anna), ben);
      await crowd.settle();
      expect(eventsOf(crowd, anna).sort()).toEqual(['blocks_changed', 'contact_changed']);
      expect(statusesHeard(crowd, ben)).toEqual(['+Anna']);
      expect(await listOf(crowd, anna)).toEqual(['Ben+']);
      expect(await crowd.reach.mayWrite(crowd.appId, ben, anna)).toBe(true);
    });

    test('a block ends open invitations: mine is taken back, theirs rings on for them until it expires', async () => {
      const { crowd, anna, ben } = await crowdOf(await fresh());
      await using _ = crowd;
      const carla = crowd.add('Carla');
      await crowd.come(carla);
      await crowd.invitations.ask(crowd.as(ben), anna);
      await crowd.invitations.ask(crowd.as(anna), carla);
      await crowd.settle();
      crowd.host.published.length = 0;
      await crowd.blocks.block(crowd.as(anna), ben);
      await crowd.blocks.block(crowd.as(anna), carla);
      await crowd.settle();
      const answered = (id: Id) =>
        crowd.host
          .eventsOn(inboxOf(id), 'one-to-one-chat-answered')
          .map(({ invitation }) => invitation.state);
      expect(answered(anna)).toEqual(['declined', 'cancelled']);
      expect(answered(carla)).toEqual(['cancelled']);
      expect(eventsOf(crowd, ben)).toEqual([]);
      expect(await crowd.invitations.of(crowd.appId, anna)).toEqual([]);
      expect(await crowd.invitations.of(crowd.appId, ben)).toHaveLength(1);
      await crowd.pass(60_000);
      expect(answered(ben)).toEqual(['expired']);
    });

    test('blocking twice is blocking once; nobody blocks themselves or a stranger to this server', async () => {
      const { crowd, anna, ben } = await crowdOf(await fresh());
      await using _ = crowd;
      await crowd.blocks.block(crowd.as(anna), ben);
      await crowd.blocks.block(crowd.as(anna), ben);
      expect(await crowd.blocks.of(crowd.appId, anna)).toHaveLength(1);
      await expect(crowd.blocks.block(crowd.as(anna), anna)).rejects.toMatchObject({ code: 'bad_request' });
      await expect(crowd.blocks.block(crowd.as(anna), newId())).rejects.toMatchObject({ code: 'not_found' });
      await crowd.blocks.unblock(crowd.as(anna), newId());
    });

    test('two who block each other: one unblocking opens nothing', async () => {
      const { crowd, anna, ben } = await crowdOf(await fresh());
      await using _ = crowd;
      await crowd.befriend(anna, ben);
      await crowd.blocks.block(crowd.as(anna), ben);
      await crowd.blocks.block(crowd.as(ben), anna);
      crowd.host.published.length = 0;
      await crowd.blocks.unblock(crowd.as(anna), ben);
      await crowd.settle();
      expect(await listOf(crowd, anna)).toEqual(['Ben']);
      expect(eventsOf(crowd, ben)).toEqual([]);
      expect(await crowd.reach.mayWrite(crowd.appId, anna, ben)).toBe(false);
    });
  });
});
