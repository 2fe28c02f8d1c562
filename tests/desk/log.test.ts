import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { temporaryFolder } from '../support/server.ts';
import { eventually } from './support/desk.ts';

const main = join(import.meta.dirname, '../../packages/server/src/main.ts');

test('the log tells what operators did, by ids, and holds nothing secret', async () => {
  await using folder = await temporaryFolder();
  const env = { PATH: process.env.PATH ?? '', EARSHOT_DATA_DIR: folder.path, EARSHOT_PORT: '0' };
  const server = Bun.spawn([process.execPath, main], { env, stdout: 'ignore', stderr: 'pipe' });
  let log = '';
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of server.stderr) log += decoder.decode(chunk, { stream: true });
  })();
  try {
    await eventually(() => expect(log).toContain('"listening"'));
    const url = /"url":"([^"]+)"/.exec(log)?.[1] ?? '';
    const link = await new Response(
      Bun.spawn([process.execPath, main, 'login-link'], { env, stdout: 'pipe', stderr: 'ignore' }).stdout,
    ).text();
    const token = link.trim().split('#sign-in=')[1] ?? '';
    let cookie = '';
    const ask = async (method: string, path: string, body: object) => {
      const response = await fetch(`${url}/dashboard/api/v1${path}`, {
        method,
        headers: { Origin: url, 'Content-Type': 'application/json', Cookie: cookie },
        body: JSON.stringify(body),
      });
      cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? cookie;
      return response.status === 204 ? {} : ((await response.json()) as Record<string, string>);
    };
    await ask('POST', '/session', { token });
    const password = 'a very secret password';
    const operator = await ask('POST', '/operators', { name: 'Name-of-Ada', password });
    const app = await ask('POST', '/apps', { name: 'Name-of-App' });
    const key = await ask('POST', `/apps/${app.id}/keys`, {});
    await ask('PATCH', `/apps/${app.id}`, { settings: { chatSecret: 'x'.repeat(40) } });
    await ask('POST', `/apps/${app.id}/events`, {
      channel: 'name-of-channel',
      event: 'name-of-event',
      data: 'what-is-said',
    });
    await ask('POST', '/session', { name: 'Name-of-Ada', password: `${password}, but wrong` });
    await ask('POST', '/session', { name: 'Name-of-Ada', password });
    await ask('DELETE', `/apps/${app.id}`, { confirm: 'Name-of-App' });
    await eventually(() => expect(log).toContain('an app was deleted'));
    for (const act of [
      'an operator was created',
      'an app was created',
      'a key was added',
      'an event was published',
    ]) {
      expect(log).toContain(`dashboard: ${act}`);
    }
    expect(log).toContain('settings of an app were changed: chatSecret');
    expect(log).toContain('a sign-in was refused');
    const lines = log.split('\n').filter((line) => line.includes('an app was'));
    expect(lines.map((line) => JSON.parse(line).operator)).toEqual(['link', operator.id]);
    const secrets = [token, cookie.split('=')[1] ?? '', password, key.secret ?? '', 'x'.repeat(40)];
    for (const one of [...secrets, 'Name-of', 'name-of', 'what-is-said']) expect(log).not.toContain(one);
  } finally {
    server.kill('SIGTERM');
    await server.exited;
    await reading;
  }
}, 120_000);
