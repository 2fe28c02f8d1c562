import { expect, test } from 'bun:test';
import type {
  AppKeyView,
  LiveFigures,
  Statistics,
  TraceBatch,
  TraceEntry,
  WebhookEndpoint,
} from '@earshot/dashboard';
import { HookReceiver } from '../support/hooks.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { Browser, eventually, signedIn } from './support/desk.ts';
import { follow } from './support/stream.ts';

/*
 * The desk of a server of several nodes, each of them asked by itself. Where a server is one process, or workers, all of
 * these are the one; the step `desk on three nodes` starts three.
 */

/** Nodes of a server, and the browser of an operator at each, in the one session. */
async function threeNodes(server: TestServer) {
  const nodes = [server.at(0), server.at(1), server.at(2)] as const;
  const first = await signedIn(nodes[0]);
  const browsers = nodes.map((node) => {
    const browser = new Browser(node);
    browser.cookie = first.cookie;
    return browser;
  }) as [Browser, Browser, Browser];
  return { nodes, browsers };
}

test('a session is valid at all nodes, and ends at all of them, streams too', async () => {
  await using server = await startServer();
  const { browsers } = await threeNodes(server);
  const [one, two, three] = browsers;
  for (const browser of browsers) await browser.get('/apps');
  const live = await follow(three, '/apps/3/live');
  await two.done('DELETE', '/session');
  for (const browser of [one, three])
    expect((await browser.ask('GET', '/apps')).error?.code).toBe('signed_out');
  await eventually(() => expect(live.ended).toBe(true));
});

test('the console shows what happens at every node, once', async () => {
  await using server = await startServer();
  const { nodes, browsers } = await threeNodes(server);
  const reader = await follow(browsers[0], '/apps/3/console?kinds=published,sent');
  const entries = () =>
    reader.events<TraceBatch>('entries').flatMap((batch): readonly TraceEntry[] => batch.entries);
  // Nodes hear that somebody watches a moment later.
  for (const node of nodes) {
    const app = node.node.apps.byId('3');
    if (app === undefined) throw new Error('the app is missing');
    await eventually(() => expect(node.node.trace.isWatched(app)).toBe(true));
  }
  const wires = await Promise.all(nodes.map((node) => node.connect()));
  for (const [index, wire] of wires.entries()) await nodes[index]?.join(wire, 'news');
  for (const [index, node] of nodes.entries()) await node.api.publish('news', `from-${index}`, 'x');
  await eventually(() => {
    const seen = entries().filter(({ event }) => event === 'from-2');
    expect(seen.reduce((sum, { recipients = 0 }) => sum + recipients, 0)).toBe(3);
  });
  for (const index of [0, 1, 2]) {
    const of = entries().filter(({ event }) => event === `from-${index}`);
    expect(of.filter(({ kind }) => kind === 'published').length).toBe(1);
    const sent = of.filter(({ kind }) => kind === 'sent');
    expect([sent.length, sent.reduce((sum, { recipients = 0 }) => sum + recipients, 0)]).toEqual([
      server.nodes.length,
      3,
    ]);
  }
});

test('figures add up over the nodes, and stay when one of them stops', async () => {
  await using server = await startServer();
  const { nodes, browsers } = await threeNodes(server);
  const live = await follow(browsers[0], '/apps/3/live');
  const wires = await Promise.all(nodes.map((node) => node.connect()));
  const open = (count: number) =>
    eventually(() => {
      const last = live.events<LiveFigures>('figures').at(-1);
      expect(Object.values(last?.connections ?? {}).reduce((sum, each) => sum + each, 0)).toBe(count);
    });
  await open(3);
  for (const node of nodes) for (let n = 0; n < 2; n++) await node.api.publish('news', 'e', 'x');
  const published = async () => {
    const { points } = await browsers[0].get<Statistics>('/apps/3/statistics?range=hour');
    return points.reduce((sum, { figures }) => sum + (figures?.published ?? 0), 0);
  };
  await eventually(async () => expect(await published()).toBe(6));
  const others = server.nodes.length - 1;
  if (others > 0) {
    await server.nodes[2]?.stop();
    await wires[2]?.closed;
    await open(2);
  }
  await eventually(async () => expect(await published()).toBe(6));
});

test('an endpoint that is changed at one node is what the others tell', async () => {
  using before = new HookReceiver();
  using after = new HookReceiver();
  await using server = await startServer({ env: { EARSHOT_WEBHOOK_PRIVATE_ADDRESSES: 'true' } });
  const { nodes, browsers } = await threeNodes(server);
  const [one, two, three] = nodes;
  const kinds = ['channel_occupied'];
  const draft = { url: before.url, kinds, prefix: '', headers: {}, batching: false, enabled: true };
  const { id } = await browsers[0].done<WebhookEndpoint>('POST', '/apps/3/webhooks', draft);
  let channels = 0;
  /** Tells of a new channel each time, until it is heard: the change is on its way. */
  const isTold = (node: TestServer, receiver: HookReceiver) =>
    eventually(async () => {
      const name = `channel-${++channels}`;
      await node.join(await node.connect(), name);
      for (let waited = 0; waited < 50; waited++) {
        if (receiver.seen.some(({ body }) => body.includes(`"${name}"`))) return;
        await Bun.sleep(20);
      }
      throw new Error(`${name} was not told`);
    });
  await isTold(two, before);
  await browsers[2].done('PATCH', `/apps/3/webhooks/${id}`, { url: after.url });
  for (const node of [one, two, three]) await isTold(node, after);
  const told = [...before.seen, ...after.seen].flatMap(({ events }) => events.map(({ channel }) => channel));
  expect(told.length).toBe(new Set(told).size);
});

test('an app that is disabled, or whose key is revoked, at one node is so at all', async () => {
  await using server = await startServer();
  const { nodes, browsers } = await threeNodes(server);
  const { id } = await browsers[0].done<{ id: string }>('POST', '/apps', { name: 'Second' });
  const [old] = await browsers[1].get<AppKeyView[]>(`/apps/${id}/keys`);
  const fresh = await browsers[1].done<AppKeyView>('POST', `/apps/${id}/keys`);
  const publishAt = async (node: TestServer, key: AppKeyView | undefined) =>
    (
      await node
        .apiFor({ id, key: key?.key ?? '', secret: key?.secret ?? '' })
        .post('/events', { name: 'x', channel: 'c', data: '{}' })
    ).status;
  const atAll = (key: AppKeyView | undefined, status: number) =>
    eventually(async () => {
      for (const node of nodes) expect(await publishAt(node, key)).toBe(status);
    });
  await atAll(fresh, 200);
  await browsers[2].done('DELETE', `/apps/${id}/keys/${old?.key}`);
  await atAll(old, 401);
  await atAll(fresh, 200);
  const wires = await Promise.all(nodes.map((node) => node.connect({ key: fresh.key })));
  await browsers[1].done('PATCH', `/apps/${id}`, { settings: { enabled: false } });
  for (const wire of wires) expect((await wire.closed).code).toBe(4003);
  await atAll(fresh, 403);
});
