import { expect, test } from 'bun:test';
import type { Contact, Conversation, Invitation, Message, State } from '@earshot/chat/contract';
import { eventually } from '../support/hooks.ts';
import { inEachForm } from './support/chat.ts';
import { dataOfEvent } from './support/events.ts';

const texts = (messages: readonly Message[]) => messages.map(({ text }) => text);

inEachForm((start) => {
  test('guests come in, meet in the lobby, and what one says the others get, in order', async () => {
    await using chat = await start();
    const [anna, berta, carla] = [
      await chat.guest('Anna'),
      await chat.guest('Berta'),
      await chat.guest('Carla'),
    ];
    expect(anna.me).toMatchObject({ name: 'Anna', kind: 'guest', verified: false });
    const rooms = await Promise.all([anna, berta, carla].map((person) => person.openLobby()));
    expect(new Set(rooms.map(({ id }) => id)).size).toBe(1);
    const id = rooms[0]?.id ?? '';
    const heard = [(await berta.listen(id)).recorder, (await carla.listen(id)).recorder];
    const said = Array.from({ length: 10 }, (_, n) => `line ${n}`);
    for (const text of said) await anna.send(id, text);
    for (const recorder of heard) {
      for (const [index, text] of said.entries()) {
        const { message } = (await recorder.data('new_message')) as { message: Message };
        expect(message).toMatchObject({ text, seq: index + 1, author: { id: anna.id, name: 'Anna' } });
      }
    }
    const page = await carla.must<{ messages: Message[] }>('GET', `/conversations/${id}/messages?limit=4`);
    expect(texts(page.messages)).toEqual(said.slice(-4));
  });

  test('a message that is sent twice is stored once', async () => {
    await using chat = await start();
    const anna = await chat.guest('Anna');
    const { id } = await anna.openLobby();
    const name = crypto.randomUUID();
    const [one, other] = await Promise.all([anna.send(id, 'once', name), anna.send(id, 'once', name)]);
    expect(one?.seq).toBe(1);
    expect(other?.seq).toBe(1);
    expect((await anna.send(id, 'once', name)).seq).toBe(1);
    const page = await anna.must<{ messages: Message[] }>('GET', `/conversations/${id}/messages`);
    expect(texts(page.messages)).toEqual(['once']);
  });

  test('who was away fetches what changed, and misses nothing', async () => {
    await using chat = await start();
    const [anna, berta] = [await chat.guest('Anna'), await chat.guest('Berta')];
    const { id } = await anna.openLobby();
    await berta.openLobby();
    const { recorder } = await berta.listen(id);
    const first = await anna.send(id, 'one');
    await recorder.next('new_message');
    berta.pusher?.disconnect();
    await anna.send(id, 'two');
    await anna.must('PATCH', `/conversations/${id}/messages/${first.seq}`, { text: 'one, corrected' });
    await anna.send(id, 'three');
    const changes = await berta.must<{ messages: Message[]; lastChange: number; tooMuch: boolean }>(
      'GET',
      `/conversations/${id}/changes?since=1`,
    );
    expect(changes).toMatchObject({ lastChange: 4, tooMuch: false });
    expect(new Map(changes.messages.map(({ seq, text }) => [seq, text]))).toEqual(
      new Map([
        [1, 'one, corrected'],
        [2, 'two'],
        [3, 'three'],
      ]),
    );
  });

  test('one asks another for a conversation, and it is accepted', async () => {
    await using chat = await start();
    const [anna, berta] = [await chat.guest('Anna'), await chat.guest('Berta')];
    const [annaHears, bertaHears] = [await anna.online(), await berta.online()];
    const asked = await anna.must<{ invitation: Invitation }>('POST', '/invitations', { to: berta.id });
    const { invitation } = (await bertaHears.data('one-to-one-chat-request')) as { invitation: Invitation };
    expect(invitation).toMatchObject({ id: asked.invitation.id, state: 'asked', from: { id: anna.id } });
    const stranger = await chat.guest('Eve');
    expect((await stranger.ask('POST', `/invitations/${invitation.id}/accept`)).status).toBe(404);
    expect((await anna.ask('POST', `/invitations/${invitation.id}/accept`)).status).toBeGreaterThanOrEqual(
      400,
    );
    const answer = await berta.must<{ invitation: Invitation }>(
      'POST',
      `/invitations/${invitation.id}/accept`,
    );
    expect(answer.invitation.state).toBe('accepted');
    const { conversation } = (await annaHears.data('create_chat')) as { conversation: Conversation };
    expect(conversation).toMatchObject({
      kind: 'direct',
      id: answer.invitation.conversation,
      with: { id: berta.id },
    });
    await anna.send(conversation.id, 'hello');
    expect(await bertaHears.data('new_message')).toMatchObject({
      message: { text: 'hello', author: { id: anna.id } },
    });
    await berta.send(conversation.id, 'hello yourself');
    // Who wrote it gets it too.
    expect(await annaHears.data('new_message')).toMatchObject({ message: { text: 'hello' } });
    const contacts = () => anna.must<{ contacts: Contact[] }>('GET', '/contacts');
    // The chat alone hears of who is there by webhook.
    await eventually(async () => (await contacts()).contacts[0]?.online === true, 'that Berta is there');
    expect((await contacts()).contacts).toMatchObject([
      { person: { id: berta.id }, source: 'invitation', online: true },
    ]);
  });

  test('a decline looks like no answer to the one who asked', async () => {
    await using chat = await start();
    const [anna, berta] = [await chat.guest('Anna'), await chat.guest('Berta')];
    const bertaHears = await berta.online();
    const asked = await anna.must<{ invitation: Invitation }>('POST', '/invitations', { to: berta.id });
    await bertaHears.next('one-to-one-chat-request');
    await berta.must('POST', `/invitations/${asked.invitation.id}/decline`);
    const state = await anna.must<State>('GET', '/state');
    expect(JSON.stringify(state)).not.toContain('declined');
    const conversations = await anna.must<{ conversations: Conversation[] }>('GET', '/conversations');
    expect(conversations.conversations.filter(({ kind }) => kind === 'direct')).toEqual([]);
  });

  test('contacts see each other come', async () => {
    await using chat = await start();
    const [anna, berta] = [await chat.guest('Anna'), await chat.guest('Berta')];
    const annaHears = await anna.online();
    const { invitation } = await anna.must<{ invitation: Invitation }>('POST', '/invitations', {
      to: berta.id,
    });
    await berta.must('POST', `/invitations/${invitation.id}/accept`);
    const isOnline = async () => {
      const { contacts } = await anna.must<{ contacts: Contact[] }>('GET', '/contacts');
      return contacts.map(({ person, online }) => [person.id, online]);
    };
    expect(await isOnline()).toEqual([[berta.id, false]]);
    await berta.online();
    expect(await annaHears.data('friend_status')).toMatchObject({ person: { id: berta.id }, online: true });
    expect(await isOnline()).toEqual([[berta.id, true]]);
  });

  test('who is kicked hears nothing more of the room, and cannot come back to its channel', async () => {
    await using chat = await start({ EARSHOT_APP_CHAT_ROOM_CREATION: 'everyone' });
    const [anna, berta] = [await chat.guest('Anna'), await chat.guest('Berta')];
    const room = await anna.must<Conversation>('POST', '/rooms', {
      name: 'den',
      title: 'Den',
      membersOnly: false,
    });
    const joined = await berta.must<Conversation>('POST', '/rooms/open', { kind: 'named', name: 'den' });
    expect(joined.id).toBe(room.id);
    const { recorder } = await berta.listen(room.id);
    await anna.send(room.id, 'before');
    await recorder.next('new_message');
    const closed = new Promise<void>((resolve) =>
      berta.pusher?.connection.bind('disconnected', () => resolve()),
    );
    await anna.must('POST', `/conversations/${room.id}/moderation`, { act: 'kick', person: berta.id });
    await anna.send(room.id, 'after');
    await closed;
    const heard = dataOfEvent<Message>(recorder, 'new_message', 'message');
    expect(heard.filter(({ kind }) => kind === 'text').map(({ text }) => text)).toEqual(['before']);
    const auth = await berta.ask('POST', '/realtime/auth', {
      socket_id: '1.1',
      channel_name: `private-room-${room.id}`,
    });
    expect(auth.status).toBe(403);
    expect((await berta.ask('GET', `/conversations/${room.id}/messages`)).status).toBeGreaterThanOrEqual(403);
    const path = `/conversations/${room.id}/messages`;
    expect(
      (await berta.ask('POST', path, { id: crypto.randomUUID(), text: 'x' })).status,
    ).toBeGreaterThanOrEqual(403);
  });

  test('signing out ends the sockets of that session, and no other', async () => {
    await using chat = await start();
    const [anna, berta] = [await chat.guest('Anna'), await chat.guest('Berta')];
    const { id } = await anna.openLobby();
    await berta.openLobby();
    await anna.online();
    const hears = await berta.listen(id);
    const closed = new Promise<void>((resolve) =>
      anna.pusher?.connection.bind('disconnected', () => resolve()),
    );
    await anna.must('DELETE', '/sessions/current');
    await closed;
    expect(await anna.ask('GET', '/me')).toMatchObject({
      status: 401,
      body: { error: { code: 'session_ended' } },
    });
    await berta.send(id, 'still here');
    expect(await hears.recorder.data('new_message')).toMatchObject({ message: { text: 'still here' } });
  });
});
