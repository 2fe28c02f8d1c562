import { expect, test } from 'bun:test';
import { ManualClock } from '@earshot/base';
import { pusherJs, Recorder, reaches } from '../support/clients.ts';
import { manyClients } from '../support/http-wire.ts';
import { EarshotProcess } from '../support/process.ts';
import { RawHttp } from '../support/raw-http.ts';
import { newCluster, startServer } from '../support/server.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

test('DRAIN-1: /readyz says so, new connections get 4100, open ones 4200', async () => {
  const clock = new ManualClock();
  await using server = await startServer({ clock, httpGraceMs: 30_000 });
  expect((await server.api.raw('GET', '/readyz')).status).toBe(200);
  const wires = await Promise.all(Array.from({ length: manyClients(300) }, () => server.connect()));
  const drained = server.node.drain();
  expect((await server.api.raw('GET', '/readyz')).status).toBe(503);
  expect((await server.api.raw('GET', '/healthz')).status).toBe(200);
  expect((await (await server.dialApp()).closed).code).toBe(4100);
  // They are let go in slices: time stands still, so some are open yet.
  const open = () => wires.filter((wire) => !wire.isClosed).length;
  await Promise.race(wires.map((wire) => wire.closed));
  expect(open()).toBeGreaterThan(0);
  while (open() > 0) {
    clock.advance(500);
    await Promise.race([...wires.filter((wire) => !wire.isClosed).map((wire) => wire.closed), Bun.sleep(5)]);
  }
  for (const wire of wires) expect((await wire.closed).code).toBe(4200);
  let done = false;
  void drained.then(() => {
    done = true;
  });
  while (!done) {
    clock.advance(100);
    await Bun.sleep(1);
  }
});

test('DRAIN-5: who asks /readyz again and again is told three times before anybody has to go', async () => {
  const clock = new ManualClock();
  await using server = await startServer({ clock, httpGraceMs: 30_000 });
  const ask = async () => {
    clock.advance(1_000);
    return (await server.api.raw('GET', '/readyz')).status;
  };
  for (let n = 0; n < 4; n++) expect(await ask()).toBe(200);
  const wire = await server.connect();
  await server.join(wire, 'news');
  let done = false;
  void server.node.drain().then(() => {
    done = true;
  });
  expect(await ask()).toBe(503);
  // Whom the balancer still sends here is served.
  const late = await server.connect();
  await server.join(late, 'news');
  expect((await server.api.publish('news', 'e', '1')).status).toBe(200);
  for (const one of [wire, late]) expect(await one.until('e')).toMatchObject({ data: '1' });
  expect(await ask()).toBe(503);
  expect([wire.isClosed, late.isClosed, done]).toEqual([false, false, false]);
  expect(await ask()).toBe(503);
  while (!done) {
    clock.advance(20);
    await Bun.sleep(1);
  }
  for (const one of [wire, late]) expect((await one.closed).code).toBe(4200);
});

test('DRAIN-4, CONN-3: a pusher-js client is on another node within a second', async () => {
  const cluster = newCluster();
  await using one = await startServer({ cluster, env: { EARSHOT_DRAIN_SECONDS: '1' } });
  await using two = await startServer({ cluster });
  // What a load balancer does.
  await using proxy = await TcpProxy.to(one.port);
  const client = pusherJs(one, { wsPort: proxy.port });
  const channel = new Recorder(client.subscribe('news'));
  await channel.next('pusher:subscription_succeeded');
  proxy.target = two.port;
  const start = performance.now();
  void one.node.drain();
  await reaches(client, 'connecting');
  await channel.next('pusher:subscription_succeeded');
  // By itself, without a word of the server, it would come back after ten seconds or more.
  expect(performance.now() - start).toBeLessThan(10_000);
  await two.api.publish('news', 'e', '1');
  expect(await channel.data('e')).toBe(1);
});

test('DRAIN-3: SIGTERM closes sockets with 4200 and the process exits with 0', async () => {
  await using earshot = await EarshotProcess.start({ EARSHOT_DRAIN_SECONDS: '1' });
  const wire = await earshot.connect();
  const [accepted] = await Promise.all([earshot.api.publish('news', 'e', '1'), wire.silence()]);
  expect(accepted.status).toBe(200);
  earshot.signal('SIGTERM');
  expect((await wire.closed).code).toBe(4200);
  expect(await earshot.exited).toBe(0);
});

test('DRAIN-3: so does SIGINT', async () => {
  await using earshot = await EarshotProcess.start({ EARSHOT_DRAIN_SECONDS: '1' });
  const wire = await earshot.connect();
  earshot.signal('SIGINT');
  expect((await wire.closed).code).toBe(4200);
  expect(await earshot.exited).toBe(0);
});

test('DRAIN-3: without connections it exits at once, however long the drain may be', async () => {
  await using earshot = await EarshotProcess.start({ EARSHOT_DRAIN_SECONDS: '600' });
  earshot.signal('SIGTERM');
  expect(await earshot.exited).toBe(0);
});

test('DRAIN-3: a connection that does not answer the close cannot hold the process up', async () => {
  await using earshot = await EarshotProcess.start({ EARSHOT_DRAIN_SECONDS: '1' });
  const wire = await earshot.connect();
  wire.pause();
  earshot.signal('SIGTERM');
  expect(await earshot.exited).toBe(0);
});

test('DRAIN-3: a second signal exits at once', async () => {
  await using earshot = await EarshotProcess.start({ EARSHOT_DRAIN_SECONDS: '600' });
  const wire = await earshot.connect();
  // The drain waits for this request, whose body never comes.
  const http = await RawHttp.connect(earshot.port);
  http.send('POST /apps/3/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\n');
  await wire.silence();
  earshot.signal('SIGTERM');
  await wire.closed;
  expect(earshot.isRunning).toBe(true);
  earshot.signal('SIGTERM');
  expect(await earshot.exited).not.toBe(0);
  http.destroy();
});
