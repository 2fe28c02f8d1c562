import { expect, test } from 'bun:test';
import type { ChannelDetail, ChannelList, ConnectionDetail, ConnectionList } from '@earshot/dashboard';
import { processes, startServer } from '../support/server.ts';
import { signedIn } from './support/desk.ts';

test('channels and connections are shown, and can be ended', async () => {
  await using server = await startServer();
  const browser = await signedIn(server);
  const [ada, bob] = [await server.connect(), await server.connect()];
  await server.joinPresence(ada, 'presence-room', 'ada', { name: 'Ada' });
  await server.join(bob, 'news');
  const list = await browser.get<ChannelList>('/apps/3/channels?prefix=presence-');
  expect(list).toMatchObject({ total: 1, channels: [{ name: 'presence-room', kind: 'presence', users: 1 }] });
  const channel = await browser.get<ChannelDetail>('/apps/3/channels/presence-room');
  expect(channel.members).toEqual([{ userId: 'ada', userInfo: '{"name":"Ada"}' }]);
  const connections = await browser.get<ConnectionList>('/apps/3/connections');
  expect(connections).toMatchObject({ total: 2, nodes: { answered: processes, known: processes } });
  const one = await browser.get<ConnectionDetail>(`/apps/3/connections/${ada.socketId}`);
  expect(one).toMatchObject({ socketId: ada.socketId, channelNames: ['presence-room'] });
  await browser.done('DELETE', `/apps/3/connections/${ada.socketId}`);
  expect((await ada.closed).code).toBe(4009);
  for (const [method, path] of [
    ['GET', `/apps/3/connections/${ada.socketId}`],
    ['DELETE', '/apps/3/connections/1.2'],
    ['GET', '/apps/3/channels/nobody-is-there'],
    ['GET', '/apps/4/channels'],
  ] as const) {
    const answer = await browser.ask(method, path);
    expect([path, answer.status, answer.error?.code]).toEqual([path, 404, 'not_found']);
  }
});

test('the connections of a user are closed together', async () => {
  await using server = await startServer();
  const browser = await signedIn(server);
  const [ada, bob] = [await server.connect(), await server.connect()];
  await server.signIn(ada, { id: 'a/b c' });
  await server.signIn(bob, { id: 'bob' });
  await browser.done('POST', `/apps/3/users/${encodeURIComponent('a/b c')}/terminate`);
  expect((await ada.closed).code).toBe(4009);
  expect(bob.isClosed).toBe(false);
});
