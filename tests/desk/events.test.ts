import { expect, test } from 'bun:test';
import type { EventResult } from '@earshot/dashboard';
import { startServer } from '../support/server.ts';
import { signedIn } from './support/desk.ts';

test('an event reaches the subscribers as a publisher’s would', async () => {
  await using server = await startServer();
  const browser = await signedIn(server);
  const [wire, left] = [await server.connect(), await server.connect()];
  await server.join(wire, 'news');
  await server.join(left, 'news');
  const draft = { channel: 'news', event: 'hello', data: '{"a":[1,"\\u2028"]}', socketId: left.socketId };
  expect(await browser.done<EventResult>('POST', '/apps/3/events', draft)).toEqual({
    subscriptions: 2,
    cachedUntil: null,
  });
  expect(await wire.next('hello')).toMatchObject({ channel: 'news', data: draft.data });
  await browser.done('POST', '/apps/3/events', { channel: 'news', event: 'second', data: '' });
  expect((await left.next()).event).toBe('second');
  const cached = await browser.done<EventResult>('POST', '/apps/3/events', {
    channel: 'cache-x',
    event: 'e',
    data: '1',
  });
  expect(cached.cachedUntil).toBeGreaterThan(Date.now());
});

test('it counts against the limits of the app, and a disabled app takes none', async () => {
  await using server = await startServer();
  const browser = await signedIn(server);
  const publish = () =>
    browser.ask('POST', '/apps/3/events', { body: { channel: 'c', event: 'e', data: '{}' } });
  await server.update({ publishesPerSecond: 1 });
  expect((await publish()).status).toBe(200);
  // On a machine that stands still for a second the next one is in order.
  let over = await publish();
  for (let tries = 0; over.status === 200 && tries < 20; tries++) over = await publish();
  expect([over.status, over.error?.code, over.error?.retryAfterSeconds]).toEqual([429, 'too_many', 1]);
  await server.update({ enabled: false, publishesPerSecond: 0 });
  expect((await publish()).error?.code).toBe('conflict');
});

test('hostile drafts are refused with a reason, and nothing is sent', async () => {
  await using server = await startServer();
  const browser = await signedIn(server);
  const wire = await server.connect();
  await server.join(wire, 'news');
  const good = { channel: 'news', event: 'e', data: '{}' };
  const nested = `${'['.repeat(1000)}${']'.repeat(1000)}`;
  const cases: [raw: string, status: number][] = [
    ['', 400],
    ['null', 400],
    ['[]', 400],
    ['"x"', 400],
    ['{', 400],
    ['{"channel":"news"', 400],
    [nested, 400],
    [`{"channel":"news","event":"e","data":${nested}}`, 400],
    [JSON.stringify({ ...good, channel: 'no blanks' }), 400],
    [JSON.stringify({ ...good, channel: '' }), 400],
    [JSON.stringify({ ...good, channel: ['news'] }), 400],
    [JSON.stringify({ ...good, channel: 'x'.repeat(500) }), 400],
    [JSON.stringify({ ...good, event: '' }), 400],
    [JSON.stringify({ ...good, event: 'x'.repeat(500) }), 400],
    [JSON.stringify({ ...good, data: { an: 'object' } }), 400],
    [JSON.stringify({ ...good, data: 5 }), 400],
    [JSON.stringify({ ...good, data: 'x'.repeat(10_241) }), 413],
    [JSON.stringify({ ...good, data: 'x'.repeat(1_000_000) }), 413],
    [JSON.stringify({ ...good, socketId: '1.2:presence-x' }), 400],
    [JSON.stringify({ ...good, socketId: 7 }), 400],
    ['{"__proto__":{"channel":"news","event":"e","data":"{}"}}', 400],
  ];
  for (const [raw, status] of cases) {
    const answer = await browser.ask('POST', '/apps/3/events', { raw });
    expect([raw.slice(0, 100), answer.status]).toEqual([raw.slice(0, 100), status]);
    expect(answer.error?.message.length).toBeGreaterThan(10);
    expect(answer.error?.message).not.toContain('[object');
  }
  const form = await browser.ask('POST', '/apps/3/events', {
    raw: JSON.stringify(good),
    headers: { 'Content-Type': 'text/plain' },
  });
  expect([form.status, form.error?.field]).toEqual([400, 'Content-Type']);
  await browser.done('POST', '/apps/3/events', { ...good, event: 'last', data: '{"__proto__":{"x":1}}' });
  expect(await wire.next()).toMatchObject({ event: 'last', data: '{"__proto__":{"x":1}}' });
});
