import { expect, test } from 'bun:test';
import { connect, type Socket } from 'node:net';
import { ManualClock } from '@earshot/base';
import fc from 'fast-check';
import { query, Reading, Session } from '../support/http-session.ts';
import { transport } from '../support/http-wire.ts';
import { RawHttp } from '../support/raw-http.ts';
import { startServer, type TestServer, vectorApp } from '../support/server.ts';

// What nobody honest does on the HTTP transports. Runs once, over plain requests and sockets.
const once = transport === 'websocket';
const hostileTest = (title: string, body: () => Promise<void>, timeoutMs?: number) => {
  if (once) test(title, body, timeoutMs);
};

async function metric(server: TestServer, name: string): Promise<number> {
  const { text } = await server.api.raw('GET', '/metrics');
  const values = [...text.matchAll(new RegExp(`^earshot_${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))];
  return values.reduce((sum, [, value]) => sum + Number(value), 0);
}

async function untilNobodyIsLeft(server: TestServer): Promise<void> {
  for (const name of ['connections', 'subscriptions', 'channels']) {
    while ((await metric(server, name)) > 0) await Bun.sleep(5);
  }
  expect(await metric(server, 'handler_failures_total')).toBe(0);
  expect(await metric(server, 'background_failures_total')).toBe(0);
}

const receiveHead = (path: string) =>
  `POST ${path}${query} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n`;
const streamHead = (channel: string) =>
  `GET /app/${vectorApp.key}/events?channel=${channel} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;
const pathOf = (id: string, request: string) => `/pusher/app/${vectorApp.key}/${id}/${request}`;

async function dial(server: TestServer): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => {}); // a reset is one of the ends that are expected
  server.onStop(() => void socket.destroy());
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  return socket;
}

hostileTest(
  'BAD-6: streams that nobody reads are cut and counted, and the others get everything',
  async () => {
    await using server = await startServer({
      env: { EARSHOT_OUTBOX_BYTES: '500000', EARSHOT_APP_PRESENCE_MEMBERS: '100' },
    });
    const reader = await server.connect();
    await server.join(reader, 'news');
    const session = new Session(server);
    const sockets = [await dial(server), await dial(server)];
    const first = (socket: Socket) => new Promise<void>((resolve) => socket.once('data', () => resolve()));
    const begun = sockets.map(first);
    const ended = sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    sockets[0]?.write(receiveHead(pathOf(session.id, 'xhr_streaming')));
    sockets[1]?.write(streamHead('news'));
    await Promise.all(begun);
    for (const socket of sockets) socket.pause();
    expect(await session.subscribe('news')).toBe(204);
    while ((await metric(server, 'subscriptions')) < 3) await Bun.sleep(5);

    // The kernel's buffers hold some megabytes before anything waits in the server.
    const large = 'x'.repeat(10_000);
    let published = 0;
    while ((await metric(server, 'slow_clients_cut_total')) < 2 && published < 5_000) {
      await server.api.batch(Array.from({ length: 10 }, () => ({ name: 'e', channel: 'news', data: large })));
      published += 10;
    }
    expect(await metric(server, 'slow_clients_cut_total')).toBe(2);
    expect(await metric(server, 'connections')).toBe(1);
    expect(await session.send('[]')).toBe(404);
    for (const event of await reader.take(published)) expect(event.data).toBe(large);
    // They end, whether they read then or not.
    for (const socket of sockets) socket.resume();
    await Promise.all(ended);
  },
);

hostileTest(
  'BAD-8: a connection whose poll or stream is over may be quiet no longer than others',
  async () => {
    await using server = await startServer();
    const closed = ['xhr', 'xhr_streaming'].map(async (request) => {
      const session = new Session(server);
      const http = await RawHttp.connect(server.port);
      server.onStop(() => http.destroy());
      http.send(receiveHead(pathOf(session.id, request)));
      while ((await session.send('[]')) === 404) await Bun.sleep(5);
      // Whoever comes next ends the stream; a poll was answered with the greeting.
      const next = new AbortController();
      if (request === 'xhr_streaming') session.receive('xhr', next.signal).catch(() => {});
      await http.closed;
      next.abort();
    });
    await Promise.all(closed);
  },
  120_000,
);

hostileTest('HTTP-5: a sender that never receives does not keep its session', async () => {
  await using server = await startServer({ httpGraceMs: 1_000 });
  const session = new Session(server);
  await session.poll();
  expect(await session.subscribe('news')).toBe(204);
  while ((await session.send('[]')) !== 404);
  await untilNobodyIsLeft(server);
});

hostileTest('HTTP-5: sessions that are opened and left are gone after the grace, all of them', async () => {
  await using server = await startServer({ httpGraceMs: 200 });
  for (let wave = 0; wave < 5; wave++) {
    await Promise.all(Array.from({ length: 100 }, () => new Session(server).poll()));
  }
  await untilNobodyIsLeft(server);
  expect(await metric(server, 'connections_opened_total')).toBe(500);
});

hostileTest('HTTP-8: what a send may hold is bounded in bytes, messages and depth', async () => {
  await using server = await startServer({ httpGraceMs: 30_000 });
  const session = new Session(server);
  await session.poll();
  expect(await session.send(JSON.stringify(Array.from({ length: 1_000 }, () => '{}')))).toBe(204);
  expect(await session.send(JSON.stringify(Array.from({ length: 1_001 }, () => '{}')))).toBe(413);
  expect(await session.send('['.repeat(100_000))).toBe(400);
  expect(await session.send(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)).toBe(400);
  expect(await session.send('["\\ud800"]')).toBe(204); // half a character is no JSON message, and no crash
  expect((await session.poll()).match(/pusher:error/g)).toHaveLength(1_001);
  const half = await RawHttp.connect(server.port);
  half.send(
    `POST ${pathOf(session.id, 'xhr_send')} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 50\r\n\r\n["`,
  );
  half.destroy();
  const notText = await RawHttp.connect(server.port);
  expect((await notText.request('POST', pathOf(session.id, 'xhr_send'), '[\xff]')).status).toBe(400);
  notText.destroy();
  expect(await session.send('[]')).toBe(204);
});

hostileTest('HTTP-8: others who guess cannot lock out a client of the same address', async () => {
  await using server = await startServer();
  const session = new Session(server);
  const stream = new Reading(await session.receive('xhr_streaming'));
  await stream.until('connection_established');
  let status = 0;
  while (status !== 429) status = await new Session(server).send('[]');
  expect(await session.subscribe('news')).toBe(204);
  await stream.until('subscription_succeeded');
});

hostileTest('HTTP-8: a session cannot be found by an address that has guessed too often', async () => {
  await using server = await startServer({ env: { EARSHOT_TRUSTED_PROXIES: '127.0.0.1' } });
  const from = (address: string, id?: string) =>
    new Session(server, id, { headers: { 'X-Forwarded-For': address } });
  const mine = from('192.0.2.1');
  const stream = new Reading(await mine.receive('xhr_streaming'));
  await stream.until('connection_established');
  expect(await from('192.0.2.2', mine.id).send('[]')).toBe(204); // clients do change networks
  let status = 0;
  while (status !== 429) status = await from('192.0.2.2').send('[]');
  expect(await from('192.0.2.2', mine.id).send('[]')).toBe(429);
  expect((await from('192.0.2.2', mine.id).receive('xhr')).status).toBe(404);
  expect(await from('192.0.2.3', mine.id).send('[]')).toBe(204);
});

hostileTest('DRAIN-1: a client between two polls is told as well, and waited for', async () => {
  await using server = await startServer({ httpGraceMs: 30_000, env: { EARSHOT_DRAIN_SECONDS: '20' } });
  const [between, polling] = [new Session(server), new Session(server)];
  await Promise.all([between.poll(), polling.poll()]);
  const held = polling.poll();
  let isDrained = false;
  const drained = server.node.drain().then(() => {
    isDrained = true;
  });
  expect(await held).toMatch(/^c\[4200,/);
  for (let n = 0; n < 10; n++) expect((await server.api.raw('GET', '/readyz')).status).toBe(503);
  expect(isDrained).toBe(false);
  expect(await between.poll()).toMatch(/^c\[4200,/);
  await drained;
});

hostileTest('SSE-2, HTTP-8: a message that comes after the end of its connection goes nowhere', async () => {
  const clock = new ManualClock();
  await using server = await startServer({ clock });
  const session = new Session(server);
  const stream = new Reading(await session.receive('xhr_streaming'));
  await stream.until('connection_established');
  const http = await RawHttp.connect(server.port);
  const body = JSON.stringify([JSON.stringify({ event: 'pusher:subscribe', data: { channel: 'news' } })]);
  http.send(
    `POST ${pathOf(session.id, 'xhr_send')} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 9)}`,
  );
  while ((await session.send('[]')) !== 204);
  await server.update({ enabled: false });
  await stream.end();
  http.send(body.slice(9));
  expect((await http.answer()).status).toBe(404);
  http.destroy();
  await untilNobodyIsLeft(server);
});

hostileTest('HTTP-5, SUB-11: clients that vanish at any point leave nothing behind', async () => {
  await using server = await startServer({ httpGraceMs: 20 });
  const step = fc.constantFrom(
    'stream',
    'poll',
    'events',
    'subscribe',
    'publish',
    'half',
    'drop',
    'close',
    'fetch',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 12 }), async (steps) => {
      const session = new Session(server);
      const sockets: Socket[] = [];
      const write = async (text: string) => {
        const socket = await dial(server);
        socket.write(text);
        sockets.push(socket);
      };
      for (const name of steps) {
        if (name === 'stream') await write(receiveHead(pathOf(session.id, 'xhr_streaming')));
        else if (name === 'poll') await write(receiveHead(pathOf(session.id, 'xhr')));
        else if (name === 'events') await write(streamHead('news'));
        else if (name === 'subscribe') await session.subscribe('news');
        else if (name === 'publish') await server.api.publish('news', 'e', 'x');
        else if (name === 'half') await write(receiveHead(pathOf(session.id, 'xhr')).slice(0, 60));
        else if (name === 'fetch') await session.send('[]');
        else if (name === 'drop') sockets.pop()?.resetAndDestroy();
        else sockets.pop()?.end();
      }
      for (const socket of sockets) socket.destroy();
    }),
    { numRuns: 60 },
  );
  await untilNobodyIsLeft(server);
});
