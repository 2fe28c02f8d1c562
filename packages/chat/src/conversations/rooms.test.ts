import { expect, test } from 'bun:test';
import { onEachDatabase } from '../../../../tests/support/databases.ts';
import { inboxOf, messagesOf, presenceOf } from '../contract/index.ts';
import { newId } from '../ids.ts';
import { Refusal } from '../refusal.ts';
import { openTalk, type Talk } from './testing.ts';

const code = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error) => (error instanceof Refusal ? error.code : Promise.reject(error)),
  );
const origin = 'https://example.com';
const minuteMs = 60_000;

async function members(talk: Talk, person: string, room: string): Promise<string[]> {
  const { members } = await talk.service.rooms.members(talk.as(person), room, undefined);
  return members.map(({ name }) => name).toSorted();
}

onEachDatabase((fresh) => {
  test('lobby, page, signed and named rooms are one each, made when first asked for', async () => {
    await using talk = await openTalk({ url: await fresh(), apps: [{ chatRoomCreation: 'users' }, {}] });
    const [ann, ben, guest] = [talk.add('Ann'), talk.add('Ben'), talk.add('Guest', { kind: 'guest' })];
    const { rooms } = talk.service;
    const page = (path: string) => ({ kind: 'page', url: `${origin}${path}` }) as const;
    const signed = {
      kind: 'signed',
      token: JSON.stringify({ room: '7', title: 'Seven', membersOnly: true }),
    } as const;
    const open = (person: string, request: Parameters<typeof rooms.open>[1]) =>
      rooms.open(talk.as(person), request, origin);
    const lobby = await open(ann, { kind: 'lobby' });
    expect(lobby).toMatchObject({ kind: 'room', name: 'lobby', title: 'App 1', with: null, writable: true });
    expect((await open(ben, { kind: 'named', name: 'Lobby' })).id).toBe(lobby.id);
    const [one, two] = await Promise.all([open(ann, page('/a')), open(ben, page('/a/?utm_source=x'))]);
    expect(one.id).toBe(two.id);
    expect(one).toMatchObject({ name: null, title: 'example.com/a' });
    expect((await open(ann, page('/b'))).id).not.toBe(one.id);
    const seven = await open(ann, signed);
    expect(seven).toMatchObject({ title: 'Seven', membersOnly: true });
    expect((await open(ben, signed)).id).toBe(seven.id);
    expect(await code(open(ann, { kind: 'named', name: 'tea' }))).toBe('not_found');
    const tea = await rooms.create(talk.as(ann), { name: 'Tea', title: 'Tea time', membersOnly: false });
    expect(tea).toMatchObject({ name: 'Tea', title: 'Tea time', me: { role: 'owner' } });
    expect((await open(ben, { kind: 'named', name: 'tEA' })).id).toBe(tea.id);
    for (const name of ['tea', 'LOBBY']) {
      expect(await code(rooms.create(talk.as(ben), { name, title: '', membersOnly: false }))).toBe(
        'name_taken',
      );
    }
    expect(await code(rooms.create(talk.as(ben), { name: 'a b', title: '', membersOnly: false }))).toBe(
      'bad_request',
    );
    expect(await code(rooms.create(talk.as(guest), { name: 'x', title: '', membersOnly: false }))).toBe(
      'guests_refused',
    );
    const elsewhere = talk.people.caller(talk.chat.apps[1] ?? talk.chat.app, ann);
    expect((await rooms.open(elsewhere, { kind: 'lobby' }, null)).id).not.toBe(lobby.id);
    expect(await code(rooms.online(elsewhere, lobby.id))).toBe('not_found');
    const listed = await rooms.list(talk.as(guest));
    expect(listed.map(({ name }) => name).toSorted()).toEqual(['Tea', 'lobby']);
    talk.chat.configure({ chatPageRooms: false });
    expect(await code(open(ann, page('/c')))).toBe('forbidden');
  });

  test('who is no member sees nothing of a room and can do nothing in it', async () => {
    await using talk = await openTalk({ url: await fresh() });
    const [ann, eve] = [talk.add('Ann'), talk.add('Eve')];
    const room = await talk.lobby(ann);
    await talk.say(ann, room, 'hello');
    const { messages, reading, rooms, moderation, realtime } = talk.service;
    const as = talk.as(eve);
    const tries: [Promise<unknown>, string][] = [
      [talk.say(eve, room, 'hi'), 'not_found'],
      [messages.edit(as, room, 1, 'x'), 'not_found'],
      [messages.remove(as, room, 1), 'not_found'],
      [messages.react(as, room, 1, '👍', true), 'not_found'],
      [reading.history(as, room, {}), 'not_found'],
      [reading.changes(as, room, 0), 'not_found'],
      [reading.moveCursor(as, room, 1), 'not_found'],
      [reading.around(as, room, 1, 5), 'not_found'],
      [rooms.members(as, room, undefined), 'not_found'],
      [rooms.online(as, room), 'not_found'],
      [rooms.change(as, room, { topic: 'x' }), 'not_found'],
      [rooms.leave(as, room), 'not_found'],
      [rooms.setNotify(as, room, 'all'), 'not_found'],
      [moderation.act(as, room, 'kick', ann, null, ''), 'not_found'],
      [moderation.setRole(as, room, eve, 'owner'), 'not_found'],
      [moderation.bans(as, room), 'not_found'],
      [realtime.authorise(as, '1.2', messagesOf(room)), 'forbidden'],
      [realtime.authorise(as, '1.2', presenceOf(room)), 'forbidden'],
      [reading.history(as, newId(), {}), 'not_found'],
    ];
    expect(await Promise.all(tries.map(([work]) => code(work)))).toEqual(
      tries.map(([, expected]) => expected),
    );
    expect(await talk.service.one(talk.chat.app.id, eve, room)).toBeUndefined();
  });

  test('what is set of a room is told to it, with a line for title and topic', async () => {
    await using talk = await openTalk({ url: await fresh() });
    const [ann, ben] = [talk.add('Ann'), talk.add('Ben')];
    const { rooms } = talk.service;
    const room = (await rooms.create(talk.as(ann), { name: 'tea', title: '', membersOnly: false })).id;
    await rooms.open(talk.as(ben), { kind: 'named', name: 'tea' }, null);
    expect(await code(rooms.change(talk.as(ben), room, { topic: 'x' }))).toBe('forbidden');
    const changed = await rooms.change(talk.as(ann), room, {
      topic: ' Green\ntea ',
      slowSeconds: 5,
      retentionDays: 7,
    });
    expect(changed).toMatchObject({ topic: 'Green tea', slowSeconds: 5, retentionDays: 7, lastSeq: 1 });
    await talk.settle();
    const [event] = talk.chat.host.eventsOn(messagesOf(room), 'conversation_changed');
    expect(event?.conversation).toMatchObject({ id: room, topic: 'Green tea', slowSeconds: 5, lastSeq: 1 });
    expect(talk.published(room).map(({ kind, system, author }) => [kind, system, author.name])).toEqual([
      ['system', { type: 'topic', topic: 'Green tea' }, 'Ann'],
    ]);
    // Nobody has anything unread by it.
    expect((await talk.one(ben, room)).me).toMatchObject({ unread: 0 });
    expect(
      (await talk.service.moderation.auditOf(talk.as(ann), room)).map(({ act, detail }) => [act, detail]),
    ).toEqual([['settings', 'retentionDays, slowSeconds, topic']]);
  });

  test('a kicked person is out at once, is told so, and may come back; a banned one may not until it is over', async () => {
    await using talk = await openTalk({ url: await fresh() });
    const [ann, ben, mod] = [talk.add('Ann'), talk.add('Ben'), talk.add('Mod', { moderator: true })];
    const room = await talk.lobby(ann, ben, mod);
    const { moderation, rooms, realtime } = talk.service;
    expect(await code(moderation.act(talk.as(ann), room, 'kick', ben, null, ''))).toBe('forbidden');
    await moderation.act(talk.as(mod), room, 'kick', ben, null, 'rude');
    expect(talk.people.disconnected.map(({ id }) => id)).toEqual([ben]);
    expect(talk.chat.host.eventsOn(inboxOf(ben), 'removed')).toEqual([
      { conversation: room, why: 'kicked', until: null },
    ]);
    expect(await members(talk, ann, room)).toEqual(['Ann', 'Mod']);
    expect(await code(realtime.authorise(talk.as(ben), '1.2', messagesOf(room)))).toBe('forbidden');
    await talk.lobby(ben);
    await moderation.act(talk.as(mod), room, 'ban', ben, 10, 'very rude');
    expect(await code(talk.lobby(ben))).toBe('banned');
    expect(await code(talk.say(ben, room, 'hey'))).toBe('banned');
    expect(await code(realtime.authorise(talk.as(ben), '1.2', presenceOf(room)))).toBe('banned');
    expect(await moderation.bans(talk.as(mod), room)).toMatchObject([
      {
        person: { name: 'Ben' },
        by: { name: 'Mod' },
        until: talk.chat.clock.now() + 10 * minuteMs,
        reason: 'very rude',
      },
    ]);
    talk.chat.clock.advance(10 * minuteMs);
    expect(await code(talk.lobby(ben))).toBe('done');
    await moderation.act(talk.as(mod), room, 'ban', ben, null, '');
    talk.chat.clock.advance(1_000 * minuteMs);
    expect(await code(talk.lobby(ben))).toBe('banned');
    await moderation.act(talk.as(mod), room, 'unban', ben, null, '');
    expect(await code(talk.lobby(ben))).toBe('done');
    await talk.settle();
    expect(talk.people.disconnected.length).toBe(3);
    expect(talk.published(room).map(({ system }) => system?.type)).toEqual(['kicked', 'banned', 'banned']);
    const acts = (await moderation.auditOf(talk.as(mod), room)).map(({ act, detail }) => `${act} ${detail}`);
    expect(acts.toSorted()).toEqual(['ban ', 'ban 10 min: very rude', 'kick rude', 'unban ']);
    expect(await code(rooms.leave(talk.as(ben), room))).toBe('done');
  });

  test('sockets that could not be closed are closed when the host answers again, also after a crash', async () => {
    const url = await fresh();
    await using talk = await openTalk({ url });
    const [ben, mod] = [talk.add('Ben'), talk.add('Mod', { moderator: true })];
    const room = await talk.lobby(ben, mod);
    talk.chat.host.failing = true;
    await talk.service.moderation.act(talk.as(mod), room, 'kick', ben, null, '');
    expect(talk.chat.host.terminated).toEqual([]);
    await using after = await openTalk({ url, beside: talk });
    talk.chat.host.failing = false;
    await after.pass(3);
    expect(after.chat.host.terminated).toEqual([{ appId: '1', userId: `session-of-${ben}` }]);
  });

  test('nobody acts on those above or beside them', async () => {
    await using talk = await openTalk({ url: await fresh() });
    const [ann, ben, cleo, dan] = ['Ann', 'Ben', 'Cleo', 'Dan'].map((name) => talk.add(name)) as [
      string,
      string,
      string,
      string,
    ];
    const [boss, peer] = [talk.add('Boss', { moderator: true }), talk.add('Peer', { moderator: true })];
    const { rooms, moderation } = talk.service;
    const room = (await rooms.create(talk.as(ann), { name: 'tea', title: '', membersOnly: false })).id;
    for (const person of [ben, cleo, dan, peer])
      await rooms.open(talk.as(person), { kind: 'named', name: 'tea' }, null);
    const act = (by: string, on: string) => code(moderation.act(talk.as(by), room, 'mute', on, 1, ''));
    const role = (by: string, on: string, role: 'owner' | 'moderator' | 'member') =>
      code(moderation.setRole(talk.as(by), room, on, role));
    expect(await role(ben, ben, 'owner')).toBe('forbidden');
    expect(await role(ann, ben, 'moderator')).toBe('done');
    expect(await role(ann, cleo, 'moderator')).toBe('done');
    expect(await role(ben, dan, 'moderator')).toBe('forbidden');
    expect([await act(ben, cleo), await act(ben, ann), await act(ben, dan)]).toEqual([
      'forbidden',
      'forbidden',
      'done',
    ]);
    expect([await act(ann, ben), await act(ann, peer), await act(ann, ann)]).toEqual([
      'done',
      'forbidden',
      'forbidden',
    ]);
    // Without being in the room.
    expect([await act(boss, ann), await act(boss, peer)]).toEqual(['done', 'forbidden']);
    expect(await role(ann, ann, 'member')).toBe('conflict');
    expect(await role(ann, ben, 'owner')).toBe('done');
    expect([await act(ann, ben), await act(ben, ann)]).toEqual(['forbidden', 'forbidden']);
    expect(await role(ann, ann, 'member')).toBe('done');
    expect((await talk.one(ann, room)).me.role).toBe('member');
    expect(talk.chat.host.eventsOn(inboxOf(ben), 'create_chat').at(-1)?.conversation.me.role).toBe('owner');
  });

  test('a room by its id: for who is in it and for moderators of the app; those with a role are found among many', async () => {
    await using talk = await openTalk({ url: await fresh() });
    const [ann, ben, eve] = [talk.add('Ann'), talk.add('Ben'), talk.add('Eve')];
    const boss = talk.add('Boss', { moderator: true });
    const { rooms, moderation } = talk.service;
    const { id } = await rooms.create(talk.as(ann), { name: 'tea', title: '', membersOnly: true });
    await moderation.act(talk.as(ann), id, 'let-in', ben, null, '');
    const open = (person: string, wanted = id) =>
      code(rooms.open(talk.as(person), { kind: 'id', id: wanted }, null));
    expect([await open(ben), await open(eve), await open(boss)]).toEqual(['done', 'not_found', 'done']);
    expect(await members(talk, boss, id)).toEqual(['Ann', 'Ben', 'Boss']);
    const { members: staff } = await rooms.members(talk.as(ben), id, undefined, true);
    expect(staff.map(({ name, role }) => [name, role])).toEqual([['Ann', 'owner']]);
    // What two people say to each other is not entered by anybody.
    expect(await open(boss, await talk.direct(ann, ben))).toBe('not_found');
    expect(await open(boss, newId())).toBe('not_found');
  });

  test('leaving ends no mute, and a room for members takes nobody in again by itself', async () => {
    await using talk = await openTalk({ url: await fresh() });
    const [ann, ben] = [talk.add('Ann'), talk.add('Ben')];
    const { rooms, moderation } = talk.service;
    const room = (await rooms.create(talk.as(ann), { name: 'tea', title: '', membersOnly: false })).id;
    const enter = () => rooms.open(talk.as(ben), { kind: 'named', name: 'tea' }, null);
    await enter();
    await moderation.act(talk.as(ann), room, 'mute', ben, null, '');
    await rooms.leave(talk.as(ben), room);
    expect(talk.chat.host.eventsOn(inboxOf(ben), 'removed')).toMatchObject([{ why: 'left' }]);
    await enter();
    expect(await code(talk.say(ben, room, 'hi'))).toBe('muted');
    await moderation.act(talk.as(ann), room, 'unmute', ben, null, '');
    await talk.say(ben, room, 'hi');
    await rooms.change(talk.as(ann), room, { membersOnly: true });
    await talk.say(ben, room, 'still here');
    await rooms.leave(talk.as(ben), room);
    expect(talk.people.disconnected.map(({ id }) => id)).toEqual([ben]);
    expect(await code(enter())).toBe('members_only');
    await moderation.act(talk.as(ann), room, 'let-in', ben, null, '');
    expect(talk.chat.host.eventsOn(inboxOf(ben), 'create_chat').at(-1)?.conversation).toMatchObject({
      id: room,
    });
    await talk.say(ben, room, 'back');
  });

  test('a new member has nothing unread, an old one what came since', async () => {
    await using talk = await openTalk({ url: await fresh() });
    const [ann, ben] = [talk.add('Ann'), talk.add('Ben')];
    const room = await talk.lobby(ann);
    for (const text of ['a', 'b', 'c']) await talk.say(ann, room, text);
    await talk.lobby(ben);
    expect((await talk.one(ben, room)).me).toMatchObject({ cursor: 3, unread: 0 });
    await talk.say(ann, room, 'd');
    expect((await talk.one(ben, room)).me.unread).toBe(1);
    expect((await talk.one(ann, room)).me.unread).toBe(0);
  });

  test('the online list is capped, the count is not', async () => {
    await using talk = await openTalk({ url: await fresh(), presenceMembersMost: 100 });
    const ann = talk.add('Ann');
    const room = await talk.lobby(ann);
    const { subscriptions } = talk.chat.host;
    subscriptions.set(presenceOf(room), { subscriptions: 60, users: 42 });
    subscriptions.set(messagesOf(room), { subscriptions: 250, users: 0 });
    expect(await talk.service.rooms.online(talk.as(ann), room)).toEqual({ count: 42, capped: false });
    subscriptions.set(presenceOf(room), { subscriptions: 120, users: 100 });
    expect(await talk.service.rooms.online(talk.as(ann), room)).toEqual({ count: 250, capped: true });
  });

  test('somebody who looks at many pages leaves the first ones behind', async () => {
    await using talk = await openTalk({ url: await fresh() });
    const ann = talk.add('Ann');
    await talk.lobby(ann);
    for (let page = 1; page <= 201; page++) {
      talk.chat.clock.advance(1);
      await talk.service.rooms.open(talk.as(ann), { kind: 'page', url: `${origin}/${page}` }, origin);
    }
    const titles = (await talk.service.newest(talk.chat.app.id, ann, 300)).map(({ title }) => title);
    expect(titles.length).toBe(200);
    expect(titles).toContain('App 1');
    expect(titles).not.toContain('example.com/2');
    expect(titles).toContain('example.com/3');
  });

  test('somebody’s new name is told to the rooms they are in', async () => {
    await using talk = await openTalk({ url: await fresh() });
    const [ann, ben] = [talk.add('Ann'), talk.add('Ben')];
    const room = await talk.lobby(ann);
    await talk.direct(ann, ben);
    const person = await talk.people.person('1', ann);
    if (person === undefined) throw new Error('Ann is there');
    await talk.chat.core.db.transaction().execute((trx) => talk.service.personChanged(trx, '1', person));
    await talk.settle();
    expect(talk.chat.host.published.filter(({ event }) => event === 'person_changed')).toEqual([
      { appId: '1', channels: [messagesOf(room)], event: 'person_changed', data: { person } },
    ]);
  });
});
