import { expect, test } from 'bun:test';
import type { WebhookAttempt } from '@earshot/dashboard';
import { eventually, HookReceiver } from '../support/hooks.ts';
import { startServer, type TestServer } from '../support/server.ts';

/** An endpoint that speaks as it likes; use with `using`. */
class Rogue implements Disposable {
  readonly url: string;
  connections = 0;
  /** Bytes that it got rid of. */
  written = 0;
  readonly #listener: Bun.TCPSocketListener<undefined>;

  constructor(answer: (write: (text: string) => number, socket: { terminate(): void }) => void) {
    this.#listener = Bun.listen({
      hostname: '127.0.0.1',
      port: 0,
      socket: {
        open: () => {
          this.connections++;
        },
        data: (socket) => {
          const write = (text: string) => {
            const written = socket.write(text);
            this.written += Math.max(0, written);
            return written;
          };
          answer(write, socket);
        },
        drain: (socket) => {
          this.written += Math.max(0, socket.write('x'.repeat(65_536)));
        },
      },
    });
    this.url = `http://127.0.0.1:${this.#listener.port}/`;
  }

  [Symbol.dispose](): void {
    this.#listener.stop(true);
  }
}

const kinds = ['channel_occupied', 'channel_vacated', 'client_event'] as const;

async function add(server: TestServer, url: string): Promise<string> {
  const draft = { url, kinds, prefix: '', headers: {}, batching: false, enabled: true };
  const created = await server.node.webhooks.create(server.node.apps.first(), draft);
  if ('refused' in created) throw new Error(created.refused);
  return created.id;
}

async function firstAttempt(server: TestServer, endpointId: string): Promise<WebhookAttempt> {
  const app = server.node.apps.first();
  let rows: readonly WebhookAttempt[] = [];
  await eventually(async () => {
    ({ rows } = await server.node.webhooks.attempts(app, { endpointId, ok: null, before: null }));
    return rows.length > 0;
  }, 'the first attempt is noted');
  return rows.at(-1) as WebhookAttempt;
}

test('HOOK-8: endpoints that hang, reset, refuse, redirect or never end are named, and nobody else notices', async () => {
  using well = new HookReceiver();
  using hangs = new Rogue(() => undefined);
  using resets = new Rogue((_write, socket) => socket.terminate());
  using refuses = new Rogue((write) =>
    write('HTTP/1.1 500 No\r\nContent-Length: 4\r\nConnection: close\r\n\r\nsad\n'),
  );
  using redirects = new Rogue((write) =>
    write(
      'HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest/meta-data\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
    ),
  );
  using babbles = new Rogue((write) =>
    write(`HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n${'x'.repeat(8 * 1024 * 1024)}`),
  );
  using nonsense = new Rogue((write) => write('220 smtp.example.com ESMTP\r\n'));
  await using server = await startServer({
    env: { EARSHOT_WEBHOOK_PRIVATE_ADDRESSES: 'true', EARSHOT_APP_CLIENT_EVENTS_PER_SECOND: '0' },
  });
  const ids = {
    hangs: await add(server, hangs.url),
    resets: await add(server, resets.url),
    refuses: await add(server, refuses.url),
    redirects: await add(server, redirects.url),
    babbles: await add(server, babbles.url),
    nonsense: await add(server, nonsense.url),
    metadata: await add(server, 'http://169.254.169.254/latest'),
    well: await add(server, well.url),
  };
  const [one, two] = [await server.connect(), await server.connect()];
  for (const wire of [one, two]) await server.join(wire, 'private-a');
  expect(await well.events()).toEqual([{ name: 'channel_occupied', channel: 'private-a' }]);
  for (let n = 0; n < 20; n++) {
    one.send({ event: `client-${n}`, channel: 'private-a', data: n });
    expect(await two.next(`client-${n}`)).toMatchObject({ data: n });
    await server.api.publish('private-a', 'published', String(n));
    expect(await two.next('published')).toMatchObject({ channel: 'private-a' });
    expect(await well.events()).toMatchObject([{ event: `client-${n}` }]);
  }
  expect(await firstAttempt(server, ids.refuses)).toMatchObject({
    ...{ ok: false, status: 500, answer: 'sad\n', reason: 'The answer was 500; expected 200 to 299' },
  });
  expect(await firstAttempt(server, ids.redirects)).toMatchObject({
    ...{ ok: false, status: 302, reason: 'The answer was a redirect (302), which is not followed' },
  });
  expect(await firstAttempt(server, ids.babbles)).toMatchObject({
    ok: true,
    status: 200,
    answer: 'x'.repeat(2_048),
  });
  for (const id of [ids.resets, ids.nonsense]) {
    const { ok, status, reason } = await firstAttempt(server, id);
    expect({ ok, status, reason }).toEqual({
      ok: false,
      status: null,
      reason: expect.stringContaining('127.0.0.1: '),
    });
  }
  expect((await firstAttempt(server, ids.metadata)).reason).toBe(
    '169.254.169.254: its address is not a public one. It is never called',
  );
  const hung = await firstAttempt(server, ids.hangs);
  expect([hung.ok, hung.reason]).toEqual([false, '127.0.0.1: no complete answer within 4000 ms']);
  // Of one channel there is one request at a time, and of a gigabyte some kilobytes are read.
  expect(hangs.connections).toBeLessThanOrEqual(2);
  expect(babbles.written / babbles.connections).toBeLessThan(16 * 1024 * 1024);
});

test('HOOK-13: an endpoint on a private address is refused when it is called, and says how to allow it', async () => {
  using receiver = new HookReceiver();
  await using server = await startServer();
  const id = await add(server, receiver.url);
  const app = server.node.apps.first();
  expect(await server.node.webhooks.test(app, id)).toMatchObject({
    ...{ ok: false, status: null },
    reason: '127.0.0.1: its address is not a public one. Allow it with EARSHOT_WEBHOOK_PRIVATE_ADDRESSES',
  });
  await server.join(await server.connect(), 'news');
  await eventually(
    async () => (await server.node.webhooks.endpoints(app))[0]?.failed === 1,
    'it is given up',
  );
  expect(receiver.seen).toEqual([]);
});
