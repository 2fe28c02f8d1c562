import { expect, test } from 'bun:test';
import { ManualClock } from '@earshot/base';
import { eventually } from '../support/hooks.ts';
import { expectRefused } from '../support/refusals.ts';
import { startServer, temporaryFolder } from '../support/server.ts';
import type { Wire } from '../support/wire.ts';

test('LIMIT-1: messages per day, over a restart, until the next day', async () => {
  await using folder = await temporaryFolder();
  const clock = new ManualClock(Date.UTC(2026, 0, 1, 22));
  const env = { EARSHOT_APP_MESSAGES_PER_DAY: '5', EARSHOT_PING_SECONDS: '3600' };
  {
    await using server = await startServer({ clock, env, dataDir: folder.path });
    for (let i = 0; i < 3; i++) await server.api.publish('a', 'e', '1');
  }
  await using server = await startServer({ clock, env, dataDir: folder.path });
  await server.api.publish('a', 'e', '1');
  await server.api.publish('a', 'e', '1');
  const wire = await server.connect();
  await server.join(wire, 'a');
  const over = await server.api.post('/events', { name: 'e', channel: 'a', data: '1' });
  expect(over.status).toBe(403);
  expect(over.text).toContain('5');
  expect((await server.api.batch([{ channel: 'a', name: 'e', data: '1' }])).status).toBe(403);
  await wire.silence();
  // Reading is no message.
  expect((await server.api.get('/channels')).status).toBe(200);
  clock.advance(2 * 3_600_000);
  // The new day begins with the next look at the database, which is under way.
  await eventually(
    async () =>
      (await server.api.post('/events', { name: 'e', channel: 'a', data: 'tomorrow' })).status === 200,
    'a publish of the new day',
  );
});

test('LIMIT-1: deliveries and client events count', async () => {
  await using server = await startServer({ env: { EARSHOT_APP_MESSAGES_PER_DAY: '10' } });
  const wires = [await server.connect(), await server.connect(), await server.connect()];
  const [sender, ...others] = wires as [Wire, Wire, Wire];
  for (const wire of wires) await server.join(wire, 'private-a');
  await server.api.publish('private-a', 'e', '1');
  for (const wire of wires) await wire.next('e');
  // That was four; each client event is two deliveries and itself, so the third one is the first beyond ten.
  for (let i = 0; i < 3; i++) sender.send({ event: 'client-x', channel: 'private-a', data: i });
  await expectRefused(sender, '10');
  for (const wire of others) {
    expect((await wire.take(2)).map(({ data }) => data)).toEqual([0, 1]);
    await wire.silence();
  }
  expect((await server.api.post('/events', { name: 'e', channel: 'private-a', data: '2' })).status).toBe(403);
});

test('LIMIT-2: publishes per second', async () => {
  const clock = new ManualClock();
  await using server = await startServer({ clock, env: { EARSHOT_APP_PUBLISHES_PER_SECOND: '3' } });
  const wire = await server.connect();
  await server.join(wire, 'a');
  await server.api.publish('a', 'e', '1');
  await server.api.batch([
    { channel: 'a', name: 'e', data: '2' },
    { channel: 'a', name: 'e', data: '3' },
  ]);
  expect((await wire.take(3)).map(({ data }) => data)).toEqual(['1', '2', '3']);
  const over = await server.api.post('/events', { name: 'e', channel: 'a', data: '4' });
  expect(over.status).toBe(429);
  expect(over.text).toContain('3');
  await wire.silence();
  clock.advance(1_000);
  await server.api.publish('a', 'e', '5');
  expect((await wire.next()).data).toBe('5');
});

test('LIMIT-2: a batch of more than a second holds is taken after a second without any, and counts on', async () => {
  const clock = new ManualClock();
  await using server = await startServer({ clock, env: { EARSHOT_APP_PUBLISHES_PER_SECOND: '3' } });
  const five = Array.from({ length: 5 }, () => ({ channel: 'a', name: 'e', data: '1' }));
  await server.api.batch(five);
  clock.advance(1_000);
  expect((await server.api.post('/batch_events', { batch: five })).status).toBe(429);
  clock.advance(700);
  await server.api.batch(five);
});

test('LIMIT-3: a changed setting takes effect at once on open connections', async () => {
  await using server = await startServer();
  const [wire, other] = [await server.connect(), await server.connect()];
  for (const each of [wire, other]) await server.join(each, 'private-a');
  const send = () => wire.send({ event: 'client-x', channel: 'private-a', data: 1 });
  send();
  await other.next('client-x');
  await server.update({ clientEvents: false });
  send();
  await expectRefused(wire, '');
  await server.update({ clientEvents: true, eventBytes: 10 });
  send();
  await other.next('client-x');
  expect((await server.api.post('/events', { name: 'e', channel: 'a', data: 'x'.repeat(11) })).status).toBe(
    413,
  );
  await server.update({ subscriptionCount: true });
  await server.join(await server.connect(), 'private-a');
  await wire.next('pusher_internal:subscription_count');
});
