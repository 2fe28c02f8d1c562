import { describe, expect, test } from 'bun:test';
import type Pusher from 'pusher-js';
import { pusherJs, Recorder, reaches } from '../support/clients.ts';
import { haproxyPath, startHaproxy } from '../support/haproxy.ts';
import { Reading, Session } from '../support/http-session.ts';
import { startServer, type TestServer, vectorApp } from '../support/server.ts';
import { proxies, startProxy } from './proxies.ts';

/** pusher-js tries streaming 5 s after WebSockets, and polling 4 s after that. */
const fallBackMs = 25_000;

/** Stock pusher-js as it comes, with all that goes over the server's own host. */
function client(server: TestServer, port: number): Pusher {
  return pusherJs(server, {
    wsPort: port,
    wssPort: port,
    httpPort: port,
    httpsPort: port,
    enabledTransports: ['ws', 'wss', 'xhr_streaming', 'xhr_polling'],
  });
}

const transportOf = (pusher: Pusher): string => pusher.connection.connection.transport.name;

async function hears(server: TestServer, pusher: Pusher): Promise<void> {
  const channel = new Recorder(pusher.subscribe('news'));
  await channel.next('pusher:subscription_succeeded');
  for (const n of [1, 2, 3]) await server.api.publish('news', 'e', `${n}`);
  for (const n of [1, 2, 3]) expect(await channel.data('e')).toBe(n);
}

for (const { name, path, start } of proxies) {
  describe.skipIf(path === undefined)(`fallbacks behind ${name}`, () => {
    test.concurrent('HTTP-10: where upgrades are stripped pusher-js goes on by streaming', async () => {
      await using server = await startServer();
      const pusher = client(server, await startProxy(start, server, { blocksWebSockets: true }));
      await reaches(pusher, 'connected', fallBackMs);
      expect(transportOf(pusher)).toBe('xhr_streaming');
      await hears(server, pusher);
    }, 120_000);

    test.concurrent('HTTP-10: where nothing is in the way, by WebSocket', async () => {
      await using server = await startServer();
      const pusher = client(server, await startProxy(start, server));
      await reaches(pusher, 'connected', fallBackMs);
      expect(transportOf(pusher)).toBe('ws');
    });

    test.concurrent('HTTP-7, SSE-7: quiet streams outlive the idle limit of the proxy', async () => {
      await using server = await startServer({ env: { EARSHOT_PING_SECONDS: '1' } });
      const port = await startProxy(start, server, { idleSeconds: 4 });
      const through = { origin: `http://127.0.0.1:${port}` };
      const session = new Session(through);
      const stream = new Reading(await session.receive('xhr_streaming'));
      await stream.until('connection_established');
      const events = new Reading(await fetch(`${through.origin}/app/${vectorApp.key}/events?channel=news`));
      await events.until('subscription_succeeded');
      await session.subscribe('news');
      await stream.until('subscription_succeeded');
      // Longer than 4 s, in which nothing is published.
      for (let beats = 1; beats <= 6; beats++) {
        await stream.until(new RegExp(`(\\nh\\n[\\s\\S]*){${beats}}$`));
        expect(await session.send('[]')).toBe(204); // as the client does
      }
      await events.until(/(\n:\n\n[\s\S]*){3}$/);
      await server.api.publish('news', 'e', 'still here');
      await Promise.all([stream.until('still here'), events.until('still here')]);
    }, 120_000);

    test.concurrent('the proxy of these tests does cut a stream on which nothing moves', async () => {
      await using server = await startServer({ env: { EARSHOT_PING_SECONDS: '60' } });
      const port = await startProxy(start, server, { idleSeconds: 1 });
      const stream = new Reading(
        await new Session({ origin: `http://127.0.0.1:${port}` }).receive('xhr_streaming'),
      );
      expect(await stream.end()).not.toContain('c[');
    }, 120_000);
  });
}

describe.skipIf(haproxyPath === undefined)('a proxy that holds responses back', () => {
  test.concurrent('HTTP-10: where streams do not get through either, pusher-js goes on by polling', async () => {
    await using server = await startServer();
    const choices = { blocksWebSockets: true, buffersResponses: true };
    const pusher = client(server, await startProxy(startHaproxy, server, choices));
    await reaches(pusher, 'connected', fallBackMs);
    expect(transportOf(pusher)).toBe('xhr_polling');
    await hears(server, pusher);
  }, 120_000);
});
