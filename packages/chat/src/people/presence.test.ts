import { describe, expect, test } from 'bun:test';
import { onEachDatabase } from '../../../../tests/support/databases.ts';
import { type Id, inboxOf, messagesOf, presenceOf } from '../contract/index.ts';
import { newId } from '../ids.ts';
import { openCrowd, statusesHeard, type TestCrowd } from './testing.ts';

async function onlineOf(crowd: TestCrowd, viewer: Id): Promise<string[]> {
  const contacts = await crowd.contacts.of(crowd.appId, viewer);
  return contacts
    .filter(({ online }) => online)
    .map(({ person }) => person.name)
    .sort();
}

/** Anna and Ben have each other as contacts; Anna is there. */
async function annaAndBen(crowd: TestCrowd): Promise<{ anna: Id; ben: Id }> {
  const anna = crowd.add('Anna');
  const ben = crowd.add('Ben');
  await crowd.befriend(anna, ben);
  await crowd.come(anna);
  return { anna, ben };
}

describe('presence', () => {
  onEachDatabase((fresh) => {
    test('a contact who comes is told at once, with a version that rises', async () => {
      await using crowd = await openCrowd({ url: await fresh() });
      const { anna, ben } = await annaAndBen(crowd);
      await crowd.come(ben);
      expect(statusesHeard(crowd, anna)).toEqual(['+Ben']);
      expect(await onlineOf(crowd, anna)).toEqual(['Ben']);
      await crowd.go(ben);
      await crowd.pass(5_000);
      await crowd.come(ben);
      const versions = crowd.host.eventsOn(inboxOf(anna), 'friend_status').map((one) => one.statusVersion);
      expect(versions).toEqual([...versions].sort((a, b) => a - b));
      expect(new Set(versions).size).toBe(3);
      expect(crowd.chat.problems).toEqual([]);
    });

    test('a reload shows nothing to anybody', async () => {
      await using crowd = await openCrowd({ url: await fresh() });
      const { anna, ben } = await annaAndBen(crowd);
      await crowd.come(ben);
      for (let reload = 0; reload < 5; reload++) {
        await crowd.go(ben);
        await crowd.pass(4_900);
        await crowd.come(ben);
      }
      await crowd.pass(60_000);
      expect(statusesHeard(crowd, anna)).toEqual(['+Ben']);
    });

    test('who leaves is offline five seconds later', async () => {
      await using crowd = await openCrowd({ url: await fresh() });
      const { anna, ben } = await annaAndBen(crowd);
      await crowd.come(ben);
      await crowd.go(ben);
      await crowd.pass(4_999);
      expect(statusesHeard(crowd, anna)).toEqual(['+Ben']);
      expect(await onlineOf(crowd, anna)).toEqual(['Ben']);
      expect(await crowd.reach.isConnected(crowd.appId, ben)).toBe(true);
      await crowd.pass(1);
      expect(statusesHeard(crowd, anna)).toEqual(['+Ben', '-Ben']);
      expect(await onlineOf(crowd, anna)).toEqual([]);
      expect(await crowd.reach.isConnected(crowd.appId, ben)).toBe(false);
    });

    test('several tabs of one person are one presence', async () => {
      await using crowd = await openCrowd({ url: await fresh() });
      const { anna, ben } = await annaAndBen(crowd);
      await crowd.come(ben);
      await crowd.come(ben);
      await crowd.go(ben);
      await crowd.pass(60_000);
      expect(statusesHeard(crowd, anna)).toEqual(['+Ben']);
      await crowd.go(ben);
      await crowd.pass(5_000);
      expect(statusesHeard(crowd, anna)).toEqual(['+Ben', '-Ben']);
    });

    test('facts that come twice, late and in the wrong order change nothing', async () => {
      await using crowd = await openCrowd({ url: await fresh() });
      const { anna, ben } = await annaAndBen(crowd);
      await crowd.come(ben);
      const occupied = { type: 'channel_occupied', appId: crowd.appId, channel: inboxOf(ben) } as const;
      const vacated = { ...occupied, type: 'channel_vacated' } as const;
      for (const fact of [occupied, vacated, occupied, vacated, vacated]) crowd.presence.told(fact);
      await crowd.settle();
      await crowd.pass(5_000); // the host says that somebody is there
      expect(statusesHeard(crowd, anna)).toEqual(['+Ben']);
      await crowd.go(ben);
      crowd.presence.told(vacated);
      await crowd.pass(5_000);
      await crowd.pass(5_000);
      expect(statusesHeard(crowd, anna)).toEqual(['+Ben', '-Ben']);
    });

    test('facts that are lost are made up for within a minute, with the grace for who left', async () => {
      await using crowd = await openCrowd({ url: await fresh() });
      const { anna, ben } = await annaAndBen(crowd);
      crowd.presence.start();
      await crowd.settle();
      crowd.host.subscriptions.set(inboxOf(ben), { subscriptions: 1, users: 0 });
      await crowd.pass(60_000);
      expect(statusesHeard(crowd, anna)).toEqual(['+Ben']);
      crowd.host.subscriptions.delete(inboxOf(ben));
      await crowd.pass(60_000);
      expect(statusesHeard(crowd, anna)).toEqual(['+Ben']);
      await crowd.pass(5_000);
      expect(statusesHeard(crowd, anna)).toEqual(['+Ben', '-Ben']);
      expect(crowd.chat.problems).toEqual([]);
    });

    test('after a crash of the server whoever is back within the grace was never away, the others are offline then', async () => {
      const url = await fresh();
      const before = await openCrowd({ url });
      const { anna, ben } = await annaAndBen(before);
      const carla = before.add('Carla');
      await before.befriend(anna, carla);
      await before.come(ben);
      await before.come(carla);
      await before[Symbol.asyncDispose]();
      before.host.subscriptions.clear();
      await using crowd = await openCrowd({ url, beside: before });
      crowd.presence.start();
      await crowd.settle();
      crowd.host.published.length = 0;
      await crowd.pass(1_000);
      await crowd.come(anna);
      await crowd.come(ben);
      await crowd.pass(5_000);
      expect(statusesHeard(crowd, anna)).toEqual(['-Carla']);
      expect(await onlineOf(crowd, anna)).toEqual(['Ben']);
    });

    test('what a crash kept from being told is told by the next sweep, by either node', async () => {
      const url = await fresh();
      await using crowd = await openCrowd({ url });
      const { anna, ben } = await annaAndBen(crowd);
      await crowd.come(ben);
      crowd.host.published.length = 0;
      await crowd.chat.core.db
        .updateTable('chat_statuses')
        .set((row) => ({ connected: 0, online: 0, version: row('version', '+', 1) }))
        .where('user_id', '=', ben)
        .execute();
      crowd.host.subscriptions.delete(inboxOf(ben));
      expect(statusesHeard(crowd, anna)).toEqual([]);
      await using other = await openCrowd({ url, beside: crowd });
      await other.presence.sweep();
      await other.settle();
      await crowd.presence.sweep();
      await crowd.settle();
      expect(statusesHeard(crowd, anna)).toEqual(['-Ben']);
    });

    test('two nodes that hear the same facts tell each once', async () => {
      const url = await fresh();
      await using one = await openCrowd({ url });
      await using two = await openCrowd({ url, beside: one });
      const { anna, ben } = await annaAndBen(one);
      one.host.subscriptions.set(inboxOf(ben), { subscriptions: 1, users: 0 });
      const occupied = { type: 'channel_occupied', appId: one.appId, channel: inboxOf(ben) } as const;
      for (const node of [one, two]) node.presence.told(occupied);
      await Promise.all([one.settle(), two.settle()]);
      one.host.subscriptions.delete(inboxOf(ben));
      for (const node of [one, two]) node.presence.told({ ...occupied, type: 'channel_vacated' });
      await Promise.all([one.settle(), two.settle()]);
      one.clock.advance(5_000);
      await Promise.all([one.settle(), two.settle()]);
      expect(statusesHeard(one, anna)).toEqual(['+Ben', '-Ben']);
      expect([...one.chat.problems, ...two.chat.problems]).toEqual([]);
    });

    test('who is invisible goes offline for contacts at once and online at once when it ends; comings in between show nothing', async () => {
      await using crowd = await openCrowd({ url: await fresh() });
      const { anna, ben } = await annaAndBen(crowd);
      await crowd.come(ben);
      const set = async (invisible: boolean) => {
        crowd.people.change(ben, { invisible });
        await crowd.presence.invisibleChanged(crowd.appId, ben);
      };
      const seen = async () => {
        const [contact] = await crowd.contacts.of(crowd.appId, anna);
        return { online: contact?.online, version: contact?.statusVersion };
      };
      await set(true);
      expect(statusesHeard(crowd, anna)).toEqual(['+Ben', '-Ben']);
      const hidden = await seen();
      expect(hidden.online).toBe(false);
      await crowd.go(ben);
      await crowd.pass(5_000);
      await crowd.come(ben);
      expect(await seen()).toEqual(hidden); // not even the version moves
      await set(false);
      expect(statusesHeard(crowd, anna)).toEqual(['+Ben', '-Ben', '+Ben']);
      expect((await seen()).version).toBeGreaterThan(hidden.version ?? 0);
    });

    test('who became invisible while the chat was down is so when it is back', async () => {
      const url = await fresh();
      const before = await openCrowd({ url });
      const { anna, ben } = await annaAndBen(before);
      await before.come(ben);
      await before[Symbol.asyncDispose]();
      before.people.change(ben, { invisible: true });
      await using crowd = await openCrowd({ url, beside: before });
      crowd.presence.start();
      await crowd.settle();
      expect(await onlineOf(crowd, anna)).toEqual([]);
      expect(statusesHeard(crowd, anna)).toEqual(['+Ben', '-Ben']);
    });

    test('nobody but contacts is told, and of them only who is connected', async () => {
      await using crowd = await openCrowd({ url: await fresh() });
      const { anna, ben } = await annaAndBen(crowd);
      const stranger = crowd.add('Stranger');
      const away = crowd.add('Away');
      await crowd.befriend(away, ben);
      await crowd.come(stranger);
      crowd.host.published.length = 0;
      await crowd.come(ben);
      const channels = crowd.host.published.flatMap((one) => one.channels);
      expect(channels).toEqual([inboxOf(anna)]);
      expect(crowd.host.published[0]?.data).toEqual({
        person: { id: ben, name: 'Ben', kind: 'user', verified: true, avatar: null, deleted: false },
        online: true,
        statusVersion: 1,
      });
    });

    test('facts of other channels are about nobody’s presence, whoever’s id they end with', async () => {
      await using crowd = await openCrowd({ url: await fresh() });
      const { anna, ben } = await annaAndBen(crowd);
      const channels = [
        messagesOf(ben),
        presenceOf(ben),
        `private-chat-${anna}-${ben}`,
        `presence-${ben}`,
        ben,
      ];
      for (const channel of channels) {
        crowd.presence.told({ type: 'channel_occupied', appId: crowd.appId, channel });
        crowd.presence.told({ type: 'member_added', appId: crowd.appId, channel, userId: ben });
      }
      crowd.presence.told({
        type: 'member_added',
        appId: crowd.appId,
        channel: inboxOf(ben),
        userId: ben,
      });
      crowd.presence.told({ type: 'channel_occupied', appId: crowd.appId, channel: inboxOf(newId()) });
      await crowd.settle();
      expect(statusesHeard(crowd, anna)).toEqual([]);
      expect(await crowd.reach.isConnected(crowd.appId, ben)).toBe(false);
    });

    test('when everybody comes at once, everybody is there', async () => {
      await using crowd = await openCrowd({ url: await fresh() });
      const all = Array.from({ length: 60 }, (_, index) => crowd.add(`Person ${index}`));
      for (const id of all) {
        crowd.host.subscriptions.set(inboxOf(id), { subscriptions: 1, users: 0 });
        crowd.presence.told({ type: 'channel_occupied', appId: crowd.appId, channel: inboxOf(id) });
      }
      await crowd.settle();
      const connected = await Promise.all(all.map((id) => crowd.reach.isConnected(crowd.appId, id)));
      expect(connected.every(Boolean)).toBe(true);
      expect(crowd.chat.problems).toEqual([]);
    });

    test('a person with many contacts is told in publishes of at most a hundred channels', async () => {
      await using crowd = await openCrowd({ url: await fresh() });
      const star = crowd.add('Star');
      const fans = Array.from({ length: 250 }, (_, index) => crowd.add(`Fan ${index}`));
      await crowd.list(star, 'host', fans);
      for (const fan of fans) {
        crowd.host.subscriptions.set(inboxOf(fan), { subscriptions: 1, users: 0 });
        await crowd.chat.core.db
          .transaction()
          .execute((trx) => crowd.contacts.add(trx, crowd.appId, fan, [star], 'host'));
      }
      await crowd.presence.sweep();
      await crowd.settle();
      crowd.host.published.length = 0;
      await crowd.come(star);
      const sizes = crowd.host.published.map((one) => one.channels.length);
      expect(sizes.sort((a, b) => a - b)).toEqual([50, 100, 100]);
      expect(new Set(crowd.host.published.flatMap((one) => one.channels)).size).toBe(250);
    });
  });
});
