import { expect, test } from 'bun:test';
import type { Session } from './contract.ts';
import { snippets } from './snippets.ts';

const session: Session = {
  app: { id: '3', key: 'KEY', secret: 'SECRET', name: 'App', clientEvents: true, clientEventsPerSecond: 10 },
  server: { scheme: 'http', host: '127.0.0.1', port: 6001, path: '' },
  curl: { line: '', validSeconds: 599 },
  chat: null,
  demo: true,
};

function codeOf(id: string, changed: Partial<Session> = {}, secret = session.app.secret): string {
  const snippet = snippets({ ...session, ...changed }, secret).find((one) => one.id === id);
  return snippet?.files.map(({ code }) => code).join('\n') ?? '';
}

const all = snippets(session, '').map(({ id }) => id);

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
  const echo = snippets(session, 'SECRET').find(({ id }) => id === 'echo');
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
  for (const { id, about } of snippets({ ...session, server }, '')) {
    const cannot = ['node', 'ruby', 'python', 'go'].includes(id);
    expect([id, about.includes('cannot reach')]).toEqual([id, cannot]);
  }
});
