import { describe, expect, test } from 'bun:test';
import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import type { Message } from '@earshot/chat/contract';
import { EarshotProcess } from '../support/process.ts';
import { startServer, temporaryFolder, vectorApp } from '../support/server.ts';
import { chatSecret, signedToken, startChat } from './support/chat.ts';
import { Person, type Place } from './support/person.ts';

/** The chat of a server that is a process of its own. */
function placeOf(earshot: EarshotProcess, stack: AsyncDisposableStack): Place {
  const { port } = earshot;
  return {
    server: {
      host: '127.0.0.1',
      port,
      onStop: (cleanup) => void stack.defer(async () => void (await cleanup())),
    },
    app: vectorApp.key,
    fetch: (path, init) => fetch(`http://127.0.0.1:${port}/chat/api/v1${path}`, init),
  };
}

test('no log line at any level holds what was said, a name, a token or a secret', async () => {
  await using stack = new AsyncDisposableStack();
  const env = { EARSHOT_LOG_LEVEL: 'trace', EARSHOT_APP_CHAT_SECRET: chatSecret };
  const earshot = stack.use(await EarshotProcess.start(env));
  const place = placeOf(earshot, stack);
  const [anna, berta] = [
    await Person.guest(place, 'Annabelle-Quux'),
    await Person.guest(place, 'Berta-Quux'),
  ];
  const { id } = await anna.openLobby();
  await berta.openLobby();
  const hears = await berta.online();
  await anna.send(id, 'the-said-thing-quux');
  await anna.ask('POST', `/conversations/${id}/messages`, {
    id: 'the-said-thing-quux',
    text: ['the-said-thing-quux'],
  });
  await anna.must('POST', '/invitations', { to: berta.id });
  await hears.next('one-to-one-chat-request');
  const exp = Math.floor(Date.now() / 1000) + 600;
  const tokens = [
    signedToken({ aud: vectorApp.id, sub: 'u-quux', exp, name: 'Carla-Quux' }),
    signedToken({ aud: vectorApp.id, sub: 'u-quux', exp }, 'wrong-secret-quux-wrong-secret-quux-x'),
    'nonsense-quux',
  ];
  for (const token of tokens) {
    const body = JSON.stringify({ app: vectorApp.key, token });
    await place.fetch('/sessions/host', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body,
    });
  }
  const headers = { 'Content-Type': 'application/json', Authorization: 'Bearer stolen-quux' };
  await place.fetch('/rooms/open', { method: 'POST', headers, body: '{"kind":"quux' });
  await berta.must('DELETE', '/sessions/current');
  earshot.signal('SIGTERM');
  expect(await earshot.exited).toBe(0);
  expect(earshot.output).toContain('listening');
  expect(earshot.output).not.toMatch(/quux/i);
  const { accessToken, refreshToken } = anna.session;
  for (const secret of [chatSecret, vectorApp.secret, accessToken, refreshToken ?? 'none', ...tokens])
    expect(earshot.output).not.toContain(secret);
});

describe('an end and a new start', () => {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    test(`after ${signal} everything that was answered is there, and sessions go on`, async () => {
      await using folder = await temporaryFolder();
      await using stack = new AsyncDisposableStack();
      const env = { EARSHOT_DATA_DIR: folder.path };
      const before = stack.use(await EarshotProcess.start(env));
      const anna = await Person.guest(placeOf(before, stack), 'Anna');
      const { id } = await anna.openLobby();
      for (const text of ['one', 'two', 'three']) await anna.send(id, text);
      before.signal(signal);
      expect(await before.exited).toBe(signal === 'SIGTERM' ? 0 : null);

      const after = stack.use(await EarshotProcess.start(env));
      const again = new Person(placeOf(after, stack), anna.session);
      const { messages } = await again.must<{ messages: Message[] }>('GET', `/conversations/${id}/messages`);
      expect(messages.map(({ text }) => text)).toEqual(['one', 'two', 'three']);
      const { recorder } = await again.listen(id);
      expect((await again.send(id, 'four')).seq).toBe(4);
      for (;;) {
        // What the end left unpublished may come first.
        const { message } = (await recorder.data('new_message')) as { message: Message };
        if (message.text === 'four') break;
      }
      expect(after.output).not.toContain('"level":50');
    });
  }
});

describe('the chat alone', () => {
  const main = join(import.meta.dirname, '../../packages/server/src/main.ts');

  test('is a command: it says where it listens, drains, and exits', async () => {
    await using server = await startServer();
    await using folder = await temporaryFolder();
    const { id, key, secret } = server.app;
    const child = Bun.spawn([process.execPath, main, 'chat', '--port', '0', '--data', folder.path], {
      env: {
        PATH: process.env.PATH ?? '',
        EARSHOT_CHAT_CHANNELS_URL: `http://${key}:${secret}@127.0.0.1:${server.port}/apps/${id}`,
      },
      stdout: 'ignore',
      stderr: 'pipe',
    });
    const reader = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
    let log = '';
    let url: string | undefined;
    while (url === undefined) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`it ended: ${log}`);
      log += value;
      url = /"url":"([^"]+)"/.exec(log)?.[1];
    }
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    const config = await fetch(`${url}/chat/api/v1/config?app=${key}`);
    expect(await config.json()).toMatchObject({
      realtime: { key, host: '127.0.0.1', port: server.port, tls: false },
    });
    child.kill('SIGTERM');
    expect(await child.exited).toBe(0);
    expect(log).not.toContain(secret);
  });

  test('takes a webhook only when the app has signed it', async () => {
    await using chat = await startChat('stand-alone');
    const { key, secret } = chat.server.app;
    const body = JSON.stringify({ time_ms: Date.now(), events: [] });
    const post = (signature: string, text = body) =>
      fetch(`${chat.address}/chat/webhooks`, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          'X-Pusher-Key': key,
          'X-Pusher-Signature': signature,
        },
        body: text,
      });
    const sign = (text: string) => createHmac('sha256', secret).update(text).digest('hex');
    expect((await post(sign(body))).status).toBe(204);
    expect((await post(sign(`${body} `))).status).toBe(401);
    expect((await post('')).status).toBe(401);
    expect((await post(sign(body), `${body}\n`)).status).toBe(401);
    expect((await fetch(`${chat.address}/chat/webhooks`)).status).toBe(405);
    expect((await post(sign('x'.repeat(1_200_000)), 'x'.repeat(1_200_000))).status).toBe(413);
  });
});
