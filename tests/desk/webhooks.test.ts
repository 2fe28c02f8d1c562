import { expect, test } from 'bun:test';
import type { FailedDelivery, Page, WebhookAttempt, WebhookEndpoint, WebhookTest } from '@earshot/dashboard';
import { startServer } from '../support/server.ts';
import { eventually, signedIn } from './support/desk.ts';

const draft = {
  kinds: ['channel_occupied', 'channel_vacated'],
  prefix: '',
  headers: { 'X-Of-The-Test': 'yes' },
  batching: false,
  enabled: true,
};

test('an endpoint is added, tried, told and replayed', async () => {
  let isWell = true;
  const told: string[] = [];
  await using receiver = stopping(
    Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      async fetch(request) {
        if (isWell) told.push(await request.text());
        return new Response('said', { status: isWell ? 200 : 500 });
      },
    }),
  );
  await using server = await startServer({ env: { EARSHOT_WEBHOOK_PRIVATE_ADDRESSES: 'true' } });
  const browser = await signedIn(server);
  const url = `http://127.0.0.1:${receiver.port}/hook`;
  const endpoint = await browser.done<WebhookEndpoint>('POST', '/apps/3/webhooks', { ...draft, url });
  expect(endpoint).toMatchObject({ url, kinds: draft.kinds, lockedBy: null, failed: 0 });
  const path = `/apps/3/webhooks/${endpoint.id}`;
  expect(await browser.done<WebhookTest>('POST', `${path}/test`)).toMatchObject({ ok: true, status: 200 });
  const wire = await server.connect();
  await server.join(wire, 'news');
  await eventually(() => expect(told.some((body) => body.includes('"news"'))).toBe(true));
  await eventually(async () => {
    const { rows } = await browser.get<Page<WebhookAttempt>>('/apps/3/webhooks/attempts?outcome=ok');
    expect(rows.some(({ events }) => events.some(({ channel }) => channel === 'news'))).toBe(true);
  });
  isWell = false;
  const outcome = await browser.done<WebhookTest>('POST', `${path}/test`);
  expect(outcome).toMatchObject({ ok: false, status: 500 });
  expect(await browser.get<Page<FailedDelivery>>('/apps/3/webhooks/failed')).toEqual({
    rows: [],
    next: null,
  });
  expect(await browser.done('POST', '/apps/3/webhooks/failed/replay', { endpointId: endpoint.id })).toEqual({
    replayed: 0,
  });

  const changed = await browser.done<WebhookEndpoint>('PATCH', path, { enabled: false });
  expect(changed).toMatchObject({ enabled: false, url });
  await browser.done('DELETE', path);
  expect(await browser.get<WebhookEndpoint[]>('/apps/3/webhooks')).toEqual([]);
});

test('what cannot be an endpoint is refused, with a reason', async () => {
  await using server = await startServer();
  const browser = await signedIn(server);
  for (const wrong of [
    { url: 'javascript:alert(1)' },
    { url: 'nothing' },
    { url: '' },
    { kinds: ['channel_exploded'] },
    { headers: { 'X-Pusher-Key': 'mine' } },
    { headers: { 'bad name': 'x' } },
    { headers: { 'X-Ok': 'two\r\nlines' } },
    { enabled: 'yes' },
  ]) {
    const body = { ...draft, url: 'https://example.com/hook', ...wrong };
    const answer = await browser.ask('POST', '/apps/3/webhooks', { body });
    expect([wrong, answer.status, answer.error?.code]).toEqual([wrong, 400, 'invalid']);
  }
  for (const [method, path] of [
    ['PATCH', '/apps/3/webhooks/none'],
    ['DELETE', '/apps/3/webhooks/none'],
    ['POST', '/apps/3/webhooks/none/test'],
  ] as const) {
    const answer = await browser.ask(method, path, method === 'PATCH' ? { body: { enabled: true } } : {});
    expect([method, path, answer.status]).toEqual([method, path, 404]);
  }
});

function stopping(server: Bun.Server<undefined>) {
  return { port: server.port, [Symbol.asyncDispose]: () => server.stop(true) };
}
