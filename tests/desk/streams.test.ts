import { expect, test } from 'bun:test';
import { connect } from 'node:net';
import type { ApiError, LiveFigures, Operator, TraceBatch, TraceEntry } from '@earshot/dashboard';
import { processes, startServer } from '../support/server.ts';
import { Browser, eventually, signedIn } from './support/desk.ts';
import { follow, type Reader } from './support/stream.ts';

test('the console shows what happens, by kind and channel', async () => {
  await using server = await startServer();
  const browser = await signedIn(server);
  const all = await follow(browser, '/apps/3/console');
  const some = await follow(browser, '/apps/3/console?kinds=published&channel=ne');
  await eventually(() => expect(all.text).toStartWith(': open\n\n'));
  const wire = await server.connect();
  await server.join(wire, 'news');
  for (const channel of ['news', 'other']) {
    await browser.done('POST', '/apps/3/events', { channel, event: 'e', data: '{"x":1}' });
  }
  const entries = (reader: Reader): TraceEntry[] =>
    reader.events<TraceBatch>('entries').flatMap((batch) => [...batch.entries]);
  await eventually(() => {
    const kinds = entries(all).map(({ kind }) => kind);
    for (const kind of ['connected', 'subscribed', 'published', 'sent'])
      expect(kinds).toContain(kind as 'sent');
    expect(entries(some).map(({ channel, data }) => [channel, data])).toEqual([['news', '{"x":1}']]);
  });
  expect((await browser.ask('GET', '/apps/3/console?kinds=nonsense')).error?.field).toBe('kinds');
});

test('live figures come each second', async () => {
  await using server = await startServer();
  const browser = await signedIn(server);
  const live = await follow(browser, '/apps/3/live');
  await server.connect();
  await eventually(() => {
    const last = live.events<LiveFigures>('figures').at(-1);
    expect(Object.values(last?.connections ?? {}).reduce((sum, each) => sum + each, 0)).toBe(1);
  });
});

test('a stream ends with its session: sign-out, new password, deletion', async () => {
  await using server = await startServer();
  const owner = await signedIn(server);
  const password = 'a long enough password';
  const { id } = await owner.done<Operator>('POST', '/operators', { name: 'Ada', password });
  const ada = async () => {
    const browser = new Browser(server);
    await browser.signIn('Ada', password);
    return browser;
  };
  const one = await ada();
  const [live, console] = [await follow(one, '/apps/3/live'), await follow(one, '/apps/3/console')];
  const other = await follow(await ada(), '/apps/3/live');
  await one.done('DELETE', '/session');
  await eventually(() => expect([live.ended, console.ended]).toEqual([true, true]));
  expect(other.ended).toBe(false);
  await owner.done('PATCH', `/operators/${id}`, { name: 'Ada', password: `${password} 2` });
  await eventually(() => expect(other.ended).toBe(true));
  const mine = await follow(owner, '/apps/3/live');
  await owner.done('DELETE', `/operators/${id}`);
  expect(mine.ended).toBe(false);
});

test('a stream ends with its app', async () => {
  await using server = await startServer();
  const browser = await signedIn(server);
  const { id } = await browser.done<{ id: string }>('POST', '/apps', { name: 'Second' });
  const live = await follow(browser, `/apps/${id}/live`);
  await browser.done('DELETE', `/apps/${id}`, { confirm: 'Second' });
  await eventually(() => expect(live.ended).toBe(true));
});

test('a browser has so many streams, and those that it leaves count no more', async () => {
  await using server = await startServer();
  const browser = await signedIn(server);
  const leaving = new AbortController();
  const open = () => {
    // Bounded, so that a request which stalls says where.
    const signal = AbortSignal.any([leaving.signal, AbortSignal.timeout(60_000)]);
    return browser.open('GET', '/apps/3/live', { signal });
  };
  // Held: a response that nobody holds is collected some day, and its stream ends.
  const opened: Response[] = [];
  let over = await open();
  for (; over.status === 200; over = await open()) opened.push(over);
  // Each process bounds its own.
  expect(opened.length).toBeWithin(12, 12 * processes + 1);
  expect([over.status, ((await over.json()) as { error: ApiError }).error.code]).toEqual([429, 'too_many']);
  expect(opened.map(({ bodyUsed }) => bodyUsed)).not.toContain(true);
  leaving.abort();
  await eventually(async () => {
    const again = new AbortController();
    const signal = AbortSignal.any([again.signal, AbortSignal.timeout(60_000)]);
    const response = await browser.open('GET', '/apps/3/live', { signal });
    expect(response.status).toBe(200);
    again.abort();
  });
});

test('a server that drains does not wait for the pages that watch it', async () => {
  await using server = await startServer();
  const browser = await signedIn(server);
  const live = await follow(browser, '/apps/3/live');
  const drained = server.node.drain();
  await eventually(() => expect(live.ended).toBe(true));
  await drained;
});

test('a page that does not read is cut, and nobody else notices', async () => {
  await using server = await startServer();
  const browser = await signedIn(server);
  // Not by way of anything that would read for it.
  const socket = connect(server.nodes[0]?.port ?? 0, '127.0.0.1');
  const target = '/dashboard/api/v1/apps/3/console?kinds=published';
  socket.write(
    `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nCookie: ${browser.cookie}\r\n\r\n`,
  );
  socket.pause();
  const live = await follow(browser, '/apps/3/live');
  const data = 'x'.repeat(4_000);
  await eventually(async () => {
    const batch = Array.from({ length: 10 }, () => ({ name: 'e', channel: 'c', data }));
    await Promise.all(Array.from({ length: 20 }, () => server.api.post('/batch_events', { batch })));
    expect(await server.figure('desk_streams_cut_total')).toBe(1);
  });
  socket.destroy();
  const seen = live.events('figures').length;
  await eventually(() => expect(live.events('figures').length).toBeGreaterThan(seen));
  expect(live.ended).toBe(false);
});
