import { describe, expect, test } from 'bun:test';
import { onEachDatabase } from '../../../../tests/support/databases.ts';
import { refusalResponse } from '../api/api.ts';
import { type Id, type Invitation, inboxOf, type State } from '../contract/index.ts';
import { Refusal } from '../refusal.ts';
import { peopleRoutes } from './routes.ts';
import { openCrowd, statusesHeard, type TestCrowd } from './testing.ts';

async function namesOf(crowd: TestCrowd, id: Id): Promise<string[]> {
  return (await crowd.contacts.of(crowd.appId, id)).map(({ person }) => person.name).sort();
}

function merge(crowd: TestCrowd, from: Id, into: Id): Promise<void> {
  return crowd.chat.core.db
    .transaction()
    .execute((trx) => crowd.data.merge(trx, crowd.appId, from, into))
    .then(() => crowd.settle());
}

/** Every table of people that still has the id somewhere. */
async function tablesWith(crowd: TestCrowd, id: Id): Promise<string[]> {
  const tables = [
    'chat_statuses',
    'chat_contacts',
    'chat_pending_contacts',
    'chat_contact_aliases',
    'chat_hidden_statuses',
    'chat_blocks',
    'chat_invitations',
    'chat_invitation_backoffs',
    'chat_imports',
  ] as const;
  const found: string[] = [];
  for (const table of tables) {
    const rows = await crowd.chat.core.db.selectFrom(table).selectAll().execute();
    if (JSON.stringify(rows).includes(id)) found.push(table);
  }
  return found;
}

describe('when a guest turns out to be somebody known', () => {
  onEachDatabase((fresh) => {
    test('contacts, blocks, invitations and waiting go along, doubles meet, and the others are told', async () => {
      await using crowd = await openCrowd({ url: await fresh() });
      const guest = crowd.add('Guest', { kind: 'guest' });
      const anna = crowd.add('Anna');
      const ben = crowd.add('Ben');
      const carla = crowd.add('Carla');
      const dora = crowd.add('Dora');
      for (const id of [guest, anna, ben, carla]) await crowd.come(id);
      await crowd.befriend(guest, ben);
      await crowd.befriend(anna, ben);
      await crowd.befriend(guest, anna);
      await crowd.befriend(guest, carla);
      await crowd.blocks.block(crowd.as(guest), dora);
      await crowd.invitations.ask(crowd.as(guest), crowd.add('Emil'));
      await crowd.hostContacts(crowd.appId, guest, [{ sub: 'nobody yet' }]);
      await crowd.settle();
      crowd.host.published.length = 0;
      await merge(crowd, guest, anna);
      expect(await namesOf(crowd, anna)).toEqual(['Ben', 'Carla']);
      expect(await namesOf(crowd, carla)).toEqual(['Anna']);
      expect(await namesOf(crowd, ben)).toEqual(['Anna']);
      expect((await crowd.blocks.of(crowd.appId, anna)).map(({ name }) => name)).toEqual(['Dora']);
      expect(await crowd.invitations.of(crowd.appId, anna)).toMatchObject([{ from: { id: anna } }]);
      expect(await tablesWith(crowd, guest)).toEqual([]);
      expect(crowd.host.eventsOn(inboxOf(carla), 'contact_removed')).toEqual([{ person: guest }]);
      expect(crowd.host.eventsOn(inboxOf(carla), 'contact_changed')).toMatchObject([
        { contact: { person: { id: anna }, online: true, source: 'invitation' } },
      ]);
    });

    test('a block of the guest holds for who they are', async () => {
      await using crowd = await openCrowd({ url: await fresh() });
      const guest = crowd.add('Guest', { kind: 'guest' });
      const anna = crowd.add('Anna');
      const ben = crowd.add('Ben');
      for (const id of [anna, ben]) await crowd.come(id);
      await crowd.befriend(anna, ben);
      await crowd.blocks.block(crowd.as(ben), guest);
      crowd.host.published.length = 0;
      await merge(crowd, guest, anna);
      expect(await crowd.reach.mayWrite(crowd.appId, anna, ben)).toBe(false);
      expect(statusesHeard(crowd, anna)).toEqual(['-Ben']);
      expect(await namesOf(crowd, ben)).toEqual([]);
    });
  });
});

describe('everything of a person', () => {
  onEachDatabase((fresh) => {
    test('is theirs to read, and tells them nothing that others kept from them', async () => {
      await using crowd = await openCrowd({ url: await fresh() });
      const anna = crowd.add('Anna');
      const ben = crowd.add('Ben');
      const carla = crowd.add('Carla');
      await crowd.befriend(anna, ben);
      await crowd.blocks.block(crowd.as(anna), carla);
      await crowd.hostContacts(crowd.appId, anna, [{ sub: 'nobody yet' }]);
      const { invitation } = await crowd.invitations.ask(crowd.as(anna), crowd.add('Emil'));
      await crowd.invitations.ask(crowd.as(carla), anna); // silent
      const emil = invitation?.to.id as Id;
      await crowd.invitations.decline(crowd.as(emil), invitation?.id as Id);
      const mine = await crowd.data.export(crowd.appId, anna);
      expect(mine).toMatchObject({
        contacts: [{ person: { name: 'Ben' }, source: 'invitation' }],
        waitedFor: [{ source: 'host' }],
        blocked: [{ person: { name: 'Carla' } }],
        invitations: [{ from: { name: 'Anna' }, to: { name: 'Emil' }, state: 'asked' }],
        declined: [],
        imports: [],
      });
      expect(JSON.stringify(mine)).not.toContain('"state":"declined"');
      expect(JSON.stringify(mine)).not.toContain('hash');
      expect(await crowd.data.export(crowd.appId, emil)).toMatchObject({
        declined: [{ person: { name: 'Anna' }, times: 1 }],
        invitations: [{ state: 'declined' }],
      });
    });

    test('is gone when they want it gone; to others it looks like a contact that was removed and a ring without answer', async () => {
      await using crowd = await openCrowd({ url: await fresh() });
      const anna = crowd.add('Anna');
      const ben = crowd.add('Ben');
      const carla = crowd.add('Carla');
      const dora = crowd.add('Dora');
      for (const id of [anna, ben, carla, dora]) await crowd.come(id);
      await crowd.befriend(anna, ben);
      await crowd.blocks.block(crowd.as(anna), carla);
      await crowd.list(dora, 'provider', [anna]);
      await crowd.hostContacts(crowd.appId, anna, [{ sub: 'nobody yet' }]);
      await crowd.invitations.ask(crowd.as(dora), anna);
      await crowd.invitations.ask(crowd.as(anna), crowd.add('Emil'));
      await crowd.settle();
      crowd.host.published.length = 0;
      await crowd.chat.core.db.transaction().execute((trx) => crowd.data.erase(trx, crowd.appId, anna));
      crowd.people.change(anna, { name: '', deleted: true });
      await crowd.settle();
      for (const id of [ben, dora]) {
        expect(await namesOf(crowd, id)).toEqual([]);
        expect(crowd.host.eventsOn(inboxOf(id), 'contact_removed')).toEqual([{ person: anna }]);
      }
      expect(await tablesWith(crowd, anna)).toEqual([]);
      expect(await crowd.invitations.of(crowd.appId, dora)).toMatchObject([{ state: 'asked' }]);
      await crowd.go(anna);
      await crowd.pass(60_000);
      const answers = crowd.host.eventsOn(inboxOf(dora), 'one-to-one-chat-answered');
      expect(answers.map(({ invitation }) => invitation.state)).toEqual(['expired']);
      await crowd.pass(25 * 60 * 60_000);
      await crowd.invitations.forget(crowd.appId);
      expect(await tablesWith(crowd, anna)).toEqual([]);
    });
  });
});

describe('what somebody changes of themselves', () => {
  test('is told to those who have them in their list; whether they are seen is not', async () => {
    await using crowd = await openCrowd();
    const anna = crowd.add('Anna');
    const ben = crowd.add('Ben');
    const stranger = crowd.add('Stranger');
    for (const id of [anna, ben, stranger]) await crowd.come(id);
    await crowd.befriend(anna, ben);
    crowd.host.published.length = 0;
    crowd.people.change(ben, { name: 'Benjamin' });
    await crowd.meChanged(crowd.appId, await crowd.people.me(crowd.appId, ben), { name: 'Benjamin' });
    expect(crowd.host.published.map(({ event, channels }) => [event, channels])).toEqual([
      ['person_changed', [inboxOf(anna)]],
    ]);
    crowd.host.published.length = 0;
    crowd.people.change(ben, { invisible: true });
    await crowd.meChanged(crowd.appId, await crowd.people.me(crowd.appId, ben), { invisible: true });
    expect(crowd.host.published.map(({ event }) => event)).toEqual(['friend_status']);
  });
});

describe('the state', () => {
  onEachDatabase((fresh) => {
    test('is everything at once', async () => {
      await using crowd = await openCrowd({ url: await fresh() });
      const anna = crowd.add('Anna');
      const ben = crowd.add('Ben');
      const carla = crowd.add('Carla');
      await crowd.come(anna);
      await crowd.come(ben);
      const { invitation } = await crowd.invitations.ask(crowd.as(anna), ben);
      await crowd.invitations.accept(crowd.as(ben), invitation?.id as Id);
      await crowd.blocks.block(crowd.as(anna), carla);
      const asked = await crowd.invitations.ask(crowd.as(anna), crowd.add('Dora'));
      const state = await crowd.state(crowd.as(anna));
      expect(state).toMatchObject({
        me: { id: anna, invisible: false },
        contacts: [{ person: { id: ben }, online: true, conversation: crowd.directs.opened[0]?.id }],
        blocked: [{ id: carla }],
        invitations: [asked.invitation],
        conversations: [{ id: crowd.directs.opened[0]?.id }],
        imports: [],
        now: crowd.clock.now(),
      });
    });

    test('whoever asks for it right after subscribing misses nobody, though the host’s fact is still on its way', async () => {
      const url = await fresh();
      await using crowd = await openCrowd({ url });
      await using other = await openCrowd({ url, beside: crowd });
      const anna = crowd.add('Anna');
      const friends = Array.from({ length: 12 }, (_, index) => crowd.add(`Friend ${index}`));
      for (const friend of friends) await crowd.befriend(anna, friend);
      crowd.host.subscriptions.set(inboxOf(anna), { subscriptions: 1, users: 0 });
      let state: State | undefined;
      // Friends come on the other node while the state is read here.
      await Promise.all([
        ...friends.map(async (friend) => {
          other.host.subscriptions.set(inboxOf(friend), { subscriptions: 1, users: 0 });
          await other.presence.arrived(other.appId, friend);
        }),
        crowd.state(crowd.as(anna)).then((read) => {
          state = read;
        }),
      ]);
      await Promise.all([crowd.settle(), other.settle()]);
      const online = new Set(state?.contacts.filter((one) => one.online).map(({ person }) => person.name));
      for (const heard of statusesHeard(crowd, anna)) online.add(heard.slice(1));
      expect(online.size).toBe(12);
    });
  });
});

describe('over HTTP', () => {
  async function api(crowd: TestCrowd) {
    let who: Id = '';
    const routes = peopleRoutes({ ...crowd, stop: async () => {} });
    const { chatRouter } = await import('../api/api.ts');
    const app = chatRouter();
    app.onError((error, c) => {
      if (error instanceof Refusal) return refusalResponse(c, error);
      throw error;
    });
    app.use(async (c, next) => {
      c.set('caller', crowd.as(who));
      await next();
    });
    app.route('/', routes);
    return async (as: Id, method: string, path: string, body?: object) => {
      who = as;
      const response = await app.request(path, {
        method,
        headers: { 'Content-Type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, body: text === '' ? null : JSON.parse(text) };
    };
  }

  test('people ask, answer, block, remove and look', async () => {
    await using crowd = await openCrowd();
    const anna = crowd.add('Anna');
    const ben = crowd.add('Ben');
    await crowd.come(anna);
    await crowd.come(ben);
    const call = await api(crowd);
    const asked = await call(anna, 'POST', '/invitations', { to: ben });
    expect(asked).toMatchObject({
      status: 200,
      body: { invitation: { state: 'asked' }, conversation: null },
    });
    const invitation: Invitation = asked.body.invitation;
    expect((await call(ben, 'GET', '/state')).body.invitations).toEqual([invitation]);
    const accepted = await call(ben, 'POST', `/invitations/${invitation.id}/accept`);
    expect(accepted).toMatchObject({ status: 200, body: { invitation: { state: 'accepted' } } });
    expect((await call(anna, 'GET', '/contacts')).body.contacts).toMatchObject([{ person: { id: ben } }]);
    expect(await call(anna, 'PUT', `/blocks/${ben}`)).toEqual({ status: 204, body: null });
    expect((await call(anna, 'GET', '/blocks')).body.blocked).toMatchObject([{ id: ben }]);
    expect(await call(anna, 'DELETE', `/blocks/${ben}`)).toEqual({ status: 204, body: null });
    expect(await call(anna, 'DELETE', `/contacts/${ben}`)).toEqual({ status: 204, body: null });
    expect((await call(anna, 'GET', '/contacts')).body).toEqual({ contacts: [] });
    expect((await call(anna, 'GET', '/imports')).body).toEqual({ imports: [] });
  });

  test('what is not as expected is refused, with the field', async () => {
    await using crowd = await openCrowd();
    const anna = crowd.add('Anna');
    const call = await api(crowd);
    expect(await call(anna, 'POST', '/invitations', { to: 'ben' })).toMatchObject({
      status: 400,
      body: { error: { code: 'bad_request', field: 'to' } },
    });
    expect(await call(anna, 'POST', '/invitations', {})).toMatchObject({ status: 400 });
    expect(await call(anna, 'PUT', '/blocks/ben')).toMatchObject({ status: 400 });
    expect(await call(anna, 'POST', '/invitations/x/accept')).toMatchObject({ status: 400 });
    expect(await call(anna, 'POST', '/imports', { provider: 'github' })).toMatchObject({ status: 400 });
  });
});
