import { expect, test } from 'bun:test';
import { inboxOf, messagesOf, presenceOf } from '@earshot/chat/contract';
import { vectorApp } from '../support/server.ts';
import { inEachForm, startChat } from './support/chat.ts';

inEachForm((start) => {
  test('conversations of others are as if they were not there', async () => {
    await using chat = await start({ EARSHOT_APP_CHAT_DIRECT: 'open' });
    const [anna, berta, eve] = [await chat.guest('Anna'), await chat.guest('Berta'), await chat.guest('Eve')];
    const { conversation } = await anna.must<{ conversation: { id: string } }>('POST', '/invitations', {
      to: berta.id,
    });
    const { id } = conversation;
    await anna.send(id, 'between us');
    const none = 'AAAAAAAAAAAAAAAAAAAAAA';
    const asked: [method: string, rest: string, body?: object][] = [
      ['GET', ''],
      ['GET', '/messages'],
      ['GET', '/changes?since=0'],
      ['GET', '/members'],
      ['GET', '/audit'],
      ['GET', '/bans'],
      ['POST', '/messages', { id: crypto.randomUUID(), text: 'x' }],
      ['PATCH', '/messages/1', { text: 'x' }],
      ['DELETE', '/messages/1'],
      ['PUT', '/messages/1/reactions/👍'],
      ['PUT', '/cursor', { seq: 1 }],
      ['PATCH', '', { title: 'x' }],
      ['POST', '/moderation', { act: 'kick', person: anna.id }],
    ];
    for (const [method, rest, body] of asked) {
      const foreign = await eve.ask(method, `/conversations/${id}${rest}`, body);
      const missing = await eve.ask(method, `/conversations/${none}${rest}`, body);
      expect([method, rest, foreign.status, foreign.body]).toEqual([
        method,
        rest,
        missing.status,
        missing.body,
      ]);
      expect(foreign.status).toBeGreaterThanOrEqual(403);
    }
    for (const wrong of ['x', '..', '%00', `${none}A`, '__proto__', "' or 1=1 --"]) {
      const said = await eve.ask('GET', `/conversations/${encodeURIComponent(wrong)}/messages`);
      expect(said.status).toBeWithin(400, 405);
    }
    const page = await anna.must<{ messages: { text: string }[] }>('GET', `/conversations/${id}/messages`);
    expect(page.messages.map(({ text }) => text)).toEqual(['between us']);
  });

  test('no channel is signed but one’s own', async () => {
    await using chat = await start({ EARSHOT_APP_CHAT_DIRECT: 'open' });
    const [anna, berta, eve] = [await chat.guest('Anna'), await chat.guest('Berta'), await chat.guest('Eve')];
    const { conversation } = await anna.must<{ conversation: { id: string } }>('POST', '/invitations', {
      to: berta.id,
    });
    const names = [
      inboxOf(anna.id),
      messagesOf(conversation.id),
      presenceOf(conversation.id),
      `${inboxOf(eve.id)}x`,
      `private-encrypted-user-${eve.id}`,
      `presence-user-${eve.id}`,
      `#server-to-user-${anna.id}`,
      'private-anything',
      'presence-earshot-home',
      'news',
      '',
    ];
    for (const channel_name of names) {
      const said = await eve.ask('POST', '/realtime/auth', { socket_id: '1.1', channel_name });
      expect([channel_name, said.status, 'auth' in said.body]).toEqual([
        channel_name,
        expect.any(Number),
        false,
      ]);
      expect(said.status).toBeWithin(400, 405);
    }
    for (const socket_id of ['', '1', '1.1:private-x', '1.1::user::x', 5]) {
      const said = await eve.ask('POST', '/realtime/auth', { socket_id, channel_name: inboxOf(eve.id) });
      expect(said.status).toBeWithin(400, 405);
    }
    const own = await eve.must('POST', '/realtime/auth', { socket_id: '1.1', channel_name: inboxOf(eve.id) });
    expect(own.auth).toMatch(new RegExp(`^${chat.app}:[0-9a-f]{64}$`));
  });

  test('a socket that is not signed in, or as somebody else, hears nothing that a kick could not end', async () => {
    await using chat = await start();
    const [anna, eve, other] = [await chat.guest('Anna'), await chat.guest('Eve'), await chat.guest('Other')];
    const { id } = await anna.openLobby();
    await eve.openLobby();
    const wire = await chat.server.connect();
    const asked = { socket_id: wire.socketId, channel_name: messagesOf(id) };
    const signed = await eve.must('POST', '/realtime/auth', asked);
    const subscribe = { event: 'pusher:subscribe', data: { channel: messagesOf(id), ...signed } };
    wire.send(subscribe);
    expect((await wire.next('pusher:error')).data).toMatchObject({
      message: expect.stringContaining('Sign in'),
    });
    // Signed in as one, with the channels of another: whoever is removed would go on listening as the other.
    await other.must('POST', '/realtime/user-auth', { socket_id: wire.socketId });
    expect((await eve.ask('POST', '/realtime/auth', asked)).status).toBe(403);
    expect((await eve.ask('POST', '/realtime/user-auth', { socket_id: wire.socketId })).status).toBe(403);
  });

  test('the sender is who the token says, whatever the request says', async () => {
    await using chat = await start();
    const [anna, eve] = [await chat.guest('Anna'), await chat.guest('Eve')];
    const { id } = await anna.openLobby();
    await eve.openLobby();
    const { recorder } = await anna.listen(id);
    const said = await eve.ask('POST', `/conversations/${id}/messages`, {
      id: crypto.randomUUID(),
      text: 'I am Anna',
      author: anna.me,
      authorId: anna.id,
      user: anna.id,
      seq: 99,
    });
    if (said.status < 300) {
      expect(await recorder.data('new_message')).toMatchObject({
        message: { author: { id: eve.id }, seq: 1 },
      });
    } else expect(said.status).toBe(400);
    const path = `/conversations/${id}/messages`;
    expect((await eve.ask('POST', path, { id: crypto.randomUUID(), text: 'x', kind: 'system' })).status).toBe(
      400,
    );
  });

  test('a client event in a room’s channel is not taken for a message', async () => {
    await using chat = await start();
    const [anna, eve] = [await chat.guest('Anna'), await chat.guest('Eve')];
    const { id } = await anna.openLobby();
    await eve.openLobby();
    const evil = await eve.listen(id);
    const { recorder } = await anna.listen(id);
    evil.channel.trigger('client-new_message', { message: { text: 'forged' } });
    eve.pusher?.send_event('new_message', { message: { text: 'forged' } }, evil.channel.name);
    await eve.send(id, 'real');
    expect(await recorder.data('new_message')).toMatchObject({ message: { text: 'real' } });
    expect(recorder.seen.filter(({ event }) => event === 'new_message')).toHaveLength(1);
  });
});

test('an app’s tokens and people are nothing to another app', async () => {
  await using chat = await startChat('in process', { EARSHOT_APP_CHAT_DIRECT: 'open' });
  const { server } = chat;
  const second = await server.node.apps.create({ name: 'Second' });
  await server.node.apps.update(second.id, { chat: true, chatDirect: 'open' });
  const anna = await chat.guest('Anna');
  const response = await chat.fetch('/sessions/guest', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ app: second.oldestKey.key, name: 'Olga' }),
  });
  const olga = (await response.json()) as { accessToken: string; me: { id: string } };
  const asOlga = (path: string, body: object) =>
    chat.fetch(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${olga.accessToken}` },
      body: JSON.stringify(body),
    });
  // Somebody who is not there looks like somebody who does not answer, and the one who is meant hears nothing.
  const asked = (await (await asOlga('/invitations', { to: anna.id })).json()) as Record<string, unknown>;
  expect(asked).toMatchObject({ invitation: { to: { name: '', deleted: true } }, conversation: null });
  expect(await anna.must('GET', '/state')).toMatchObject({
    invitations: [],
    conversations: [],
    contacts: [],
  });
  const { id } = await anna.openLobby();
  const foreign = await asOlga('/realtime/auth', { socket_id: '1.1', channel_name: messagesOf(id) });
  expect(foreign.status).toBe(403);
  const own = (await (
    await asOlga('/realtime/auth', { socket_id: '1.1', channel_name: inboxOf(olga.me.id) })
  ).json()) as { auth: string };
  expect(own.auth).toStartWith(`${second.oldestKey.key}:`);
  expect(own.auth).not.toContain(vectorApp.key);
  const lobby = (await (await asOlga('/rooms/open', { kind: 'lobby' })).json()) as { id: string };
  expect(lobby.id).not.toBe(id);
  await server.node.apps.update(second.id, { chat: false });
  expect((await asOlga('/rooms/open', { kind: 'lobby' })).status).toBe(404);
});
