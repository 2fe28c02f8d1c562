import { expect, test } from 'bun:test';
import { type SnippetSubject, snippets } from './snippets.ts';

const subject: SnippetSubject = {
  app: { id: '3', key: 'KEY' },
  server: { scheme: 'http', host: '127.0.0.1', port: 6001, path: '' },
  channel: 'my-channel',
  event: 'my-event',
  appears: 'on this page',
};

function codeOf(id: string, changed: Partial<SnippetSubject> = {}, secret = 'SECRET'): string {
  const snippet = snippets({ ...subject, ...changed }, secret).find((one) => one.id === id);
  return snippet?.files.map(({ code }) => code).join('\n') ?? '';
}

const all = snippets(subject, '').map(({ id }) => id);

test('every snippet names this server and this app, and nobody else', () => {
  expect(all).toEqual(['pusher-js', 'echo', 'node', 'php', 'ruby', 'python', 'go']);
  for (const id of all) {
    const code = codeOf(id);
    for (const told of ['127.0.0.1', '6001', 'KEY'])
      expect([id, code]).toEqual([id, expect.stringContaining(told)]);
    expect(code).not.toContain('pusher.com');
  }
});

test('what runs in a browser has no secret in it', () => {
  expect(codeOf('pusher-js')).not.toContain('SECRET');
  const echo = snippets(subject, 'SECRET').find(({ id }) => id === 'echo');
  expect(echo?.files.find(({ name }) => name.endsWith('.js'))?.code).not.toContain('SECRET');
});

test('a secret with quotes, dollars and backslashes is read as it is', async () => {
  const secret = 'a\'b"c\\d$e`f';
  const js = /secret: ('.*'),/.exec(codeOf('node', {}, secret))?.[1] ?? '';
  expect(new Function(`return ${js}`)()).toBe(secret);
  expect(JSON.parse(/Secret: (".*"),/.exec(codeOf('go', {}, secret))?.[1] ?? '')).toBe(secret);
  expect(codeOf('echo', {}, secret)).toContain('PUSHER_APP_SECRET="a\'b\\"c\\\\d\\$e`f"\n');
  expect(codeOf('echo')).toContain('PUSHER_APP_SECRET=SECRET\n');
});

test('TLS and a prefix are in those that know them; the others say that they do not', () => {
  const server = { scheme: 'https', host: 'realtime.example.com', port: 443, path: '/x' } as const;
  for (const id of ['pusher-js', 'echo']) {
    expect(codeOf(id, { server })).toContain("wsPath: '/x'");
    expect(codeOf(id, { server })).toContain('forceTLS: true');
    expect(codeOf(id)).not.toContain('wsPath');
  }
  expect(codeOf('php', { server })).toContain("'path' => '/x'");
  for (const { id, about } of snippets({ ...subject, server }, '')) {
    const cannot = ['node', 'ruby', 'python', 'go'].includes(id);
    expect([id, about.includes('cannot reach')]).toEqual([id, cannot]);
  }
});
