import { expect, test } from 'bun:test';
import { onEachDatabase } from '../../../../tests/support/databases.ts';
import { isId, liveDoorOf } from '../contract/index.ts';
import type { Refusal } from '../refusal.ts';
import { openTestChat, type TestChatOptions } from '../testing.ts';
import { channelIdOf, LiveRooms, roomHash } from './rooms.ts';

const plain = { noTakeBacks: false, fadeSeconds: 2.5 };
const minute = 60_000;

async function open(options: TestChatOptions = {}, most = 0) {
  const chat = await openTestChat(options);
  const rooms = new LiveRooms({ core: chat.core, presenceMembersMost: () => most });
  chat.background(() => rooms.idle());
  const { host, app, clock } = chat;
  return {
    chat,
    rooms,
    host,
    app,
    clock,
    /** On the channel from now on. */
    arrive(room: string, ...participants: string[]) {
      const channel = `presence-live-${channelIdOf(room)}`;
      const members = host.membersOf.get(channel) ?? new Set();
      for (const one of participants) members.add(one);
      host.membersOf.set(channel, members);
    },
    leave(room: string, participant: string) {
      const channel = `presence-live-${channelIdOf(room)}`;
      const members = host.membersOf.get(channel);
      members?.delete(participant);
      rooms.told({ type: 'member_removed', appId: app.id, channel, userId: participant });
      if (members?.size === 0) rooms.told({ type: 'channel_vacated', appId: app.id, channel });
    },
    door: (room: string) =>
      host.published
        .filter(({ channels }) => channels.includes(liveDoorOf(channelIdOf(room))))
        .map(({ event }) => event),
    rows: async () => ({
      rooms: await chat.core.db.selectFrom('chat_live_rooms').selectAll().execute(),
      seats: await chat.core.db.selectFrom('chat_live_seats').selectAll().execute(),
      timers: await chat.core.db.selectFrom('chat_timers').selectAll().execute(),
    }),
    [Symbol.asyncDispose]: () => chat[Symbol.asyncDispose](),
  };
}

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: Refusal) => error.code,
  );

onEachDatabase((fresh) => {
  test('a room is made, entered in lanes, and known by nothing that leads to it', async () => {
    await using live = await open({ url: await fresh() });
    const { room, maker } = await live.rooms.create(live.app, { noTakeBacks: true, fadeSeconds: 7.5 });
    expect([isId(room), isId(maker)]).toEqual([true, true]);
    const first = await live.rooms.enter(room, { maker });
    expect(first).toMatchObject({
      lane: 0,
      options: { noTakeBacks: true, fadeSeconds: 7.5 },
      limit: 8,
      expiresAt: live.clock.now() + 24 * 60 * minute,
    });
    expect(first.makerChannel).toBe(liveDoorOf(channelIdOf(room)));
    const second = await live.rooms.enter(room, { maker: 'somebody' });
    expect(second).toMatchObject({ lane: 1, makerChannel: null });
    expect(new Set([first.participant, second.participant, first.token, second.token]).size).toBe(4);
    const rows = JSON.stringify(await live.rows());
    expect(rows).toContain(roomHash(room));
    for (const secret of [room, maker, first.token, second.token]) expect(rows).not.toContain(secret);
    expect(first.channel).not.toContain(room);
  });

  test('an unknown room, one of another form and an expired one are all not there', async () => {
    await using live = await open({ url: await fresh() });
    const { room } = await live.rooms.create(live.app, plain);
    const others = ['new', '', 'x'.repeat(22), `${room}A`, `${'A'.repeat(21)}Q`];
    for (const id of others) {
      expect([id, await live.rooms.exists(id), await codeOf(live.rooms.enter(id, {}))]).toEqual([
        id,
        false,
        'not_found',
      ]);
    }
    expect(await live.rooms.exists(room)).toBe(true);
    const { token } = await live.rooms.enter(room, {});
    live.clock.advance(24 * 60 * minute);
    expect(await live.rooms.exists(room)).toBe(false);
    expect(await codeOf(live.rooms.enter(room, {}))).toBe('not_found');
    expect(await codeOf(live.rooms.stay(room, token))).toBe('not_found');
  });

  test('a full room takes nobody, even when many come at once, and tells its maker alone', async () => {
    await using live = await open({ url: await fresh(), apps: [{ chatLivePeople: 3 }] });
    const { room, maker } = await live.rooms.create(live.app, plain);
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, (_, index) => codeOf(live.rooms.enter(room, index === 0 ? { maker } : {}))),
    );
    expect(outcomes.filter((outcome) => outcome === 'done').length).toBe(3);
    expect(outcomes.filter((outcome) => outcome === 'full').length).toBe(5);
    expect((await live.rows()).seats.map(({ lane }) => lane).sort()).toEqual([0, 1, 2]);
    // However many: the maker is not flooded.
    expect(live.door(room).filter((event) => event === 'live_refused')).toEqual(['live_refused']);
    live.clock.advance(1_000);
    expect(await codeOf(live.rooms.enter(room, { again: true }))).toBe('full');
    expect(live.door(room)).toContain('live_waiting');
    expect(live.host.published.every(({ channels }) => channels.length === 1)).toBe(true);
  });

  test('a lane is free when its holder is gone, and not a moment before', async () => {
    await using live = await open({ url: await fresh(), apps: [{ chatLivePeople: 2 }] });
    const { room } = await live.rooms.create(live.app, plain);
    const ann = await live.rooms.enter(room, {});
    const bob = await live.rooms.enter(room, {});
    live.arrive(room, ann.participant, bob.participant);
    live.clock.advance(5 * minute);
    expect(await codeOf(live.rooms.enter(room, {}))).toBe('full');
    live.leave(room, ann.participant);
    await live.rooms.idle();
    expect(await codeOf(live.rooms.enter(room, {}))).toBe('full');
    // Comes back with the token: the same lane, the same person.
    const again = await live.rooms.enter(room, { token: ann.token });
    expect(again).toMatchObject({ participant: ann.participant, lane: ann.lane });
    expect(again.token).not.toBe(ann.token);
    expect(await codeOf(live.rooms.stay(room, ann.token))).toBe('not_found');
    live.clock.advance(20_000);
    const cleo = await live.rooms.enter(room, {});
    expect(cleo.lane).toBe(ann.lane);
    expect(await codeOf(live.rooms.stay(room, again.token))).toBe('not_found');
  });

  test('who is still connected keeps the lane: a second tab with the same token gets one of its own', async () => {
    await using live = await open({ url: await fresh() });
    const { room } = await live.rooms.create(live.app, plain);
    const ann = await live.rooms.enter(room, {});
    live.arrive(room, ann.participant);
    const twin = await live.rooms.enter(room, { token: ann.token });
    expect(twin.lane).toBe(1);
    expect(twin.participant).not.toBe(ann.participant);
    expect((await live.rooms.stay(room, ann.token)).seat.lane).toBe(0);
  });

  test('signatures are for the room’s channel, and for the door’s at its maker', async () => {
    await using live = await open({ url: await fresh() });
    const { room, maker } = await live.rooms.create(live.app, plain);
    const other = await live.rooms.create(live.app, plain);
    const ann = await live.rooms.enter(room, { maker });
    const bob = await live.rooms.enter(room, {});
    const door = liveDoorOf(channelIdOf(room));
    expect(await live.rooms.authorise(room, bob.token, '1.1', bob.channel)).toEqual({
      auth: `signed ${live.app.id} 1.1 ${bob.channel}`,
      channel_data: JSON.stringify({ user_id: bob.participant, user_info: { lane: 1 } }),
    });
    expect(await live.rooms.authorise(room, ann.token, '1.1', door)).toEqual({
      auth: `signed ${live.app.id} 1.1 ${door}`,
    });
    const refused = (token: string, channel: string, socket = '1.1', id = room) =>
      codeOf(live.rooms.authorise(id, token, socket, channel));
    expect(await refused(bob.token, door)).toBe('forbidden');
    expect(await refused(bob.token, `presence-live-${channelIdOf(other.room)}`)).toBe('forbidden');
    expect(await refused(bob.token, `private-user-${room}`)).toBe('forbidden');
    expect(await refused(bob.token, bob.channel, 'x')).toBe('bad_request');
    expect(await refused('somebody', bob.channel)).toBe('not_found');
    expect(await refused(bob.token, bob.channel, '1.1', other.room)).toBe('not_found');
  });

  test('a room ends some minutes after the last one has left, and nothing of it is left', async () => {
    await using live = await open({ url: await fresh() });
    const { room } = await live.rooms.create(live.app, plain);
    const { participant } = await live.rooms.enter(room, {});
    live.arrive(room, participant);
    live.clock.advance(60 * minute);
    await live.chat.settle();
    expect(await live.rooms.exists(room)).toBe(true);
    live.leave(room, participant);
    await live.chat.settle();
    live.clock.advance(9 * minute);
    await live.chat.settle();
    expect(await live.rooms.exists(room)).toBe(true);
    live.clock.advance(2 * minute);
    await live.chat.settle();
    expect(await live.rooms.exists(room)).toBe(false);
    expect(await live.rows()).toEqual({ rooms: [], seats: [], timers: [] });
    expect(live.chat.problems).toEqual([]);
  });

  test('it ends without any fact, and at its age even while somebody is there', async () => {
    await using live = await open({ url: await fresh() });
    const { room: lost } = await live.rooms.create(live.app, plain);
    const { room: long } = await live.rooms.create(live.app, plain);
    live.arrive(long, 'somebody');
    for (let past = 0; past < 24 * 60; past += 10) {
      live.clock.advance(10 * minute);
      await live.chat.settle();
      if (past === 20)
        expect([await live.rooms.exists(lost), await live.rooms.exists(long)]).toEqual([false, true]);
    }
    expect((await live.rows()).rooms).toEqual([]);
  });
});

test('rooms of an app are those of its settings', async () => {
  await using live = await open({ apps: [{}] }, 4);
  const { room } = await live.rooms.create(live.app, plain);
  // The channel server takes fewer than the app would.
  expect((await live.rooms.enter(room, {})).limit).toBe(4);
  live.chat.configure({ chatLivePeople: 0 });
  expect(await codeOf(live.rooms.enter(room, {}))).toBe('not_found');
  expect(await codeOf(live.rooms.create(live.chat.app, plain))).toBe('forbidden');
});
