/**
 * Runs an example with an Earshot server of its own: `node examples/run.mjs embed`, `node examples/run.mjs todo`.
 * Ctrl+C ends both.
 */
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const examples = ['embed', 'todo'];
const [name = ''] = process.argv.slice(2);
if (!examples.includes(name)) {
  console.error(`Which one? node examples/run.mjs ${examples.join(' | ')}`);
  process.exit(2);
}

const set = spawnSync('node', [join(root, 'scripts', 'setup.mjs')], { cwd: root, stdio: 'inherit' });
if (set.status !== 0) process.exit(set.status ?? 1);

const chat = 'http://127.0.0.1:6009';
const app = {
  appId: '1',
  appKey: 'example-key',
  appSecret: randomBytes(24).toString('hex'),
  chatSecret: randomBytes(24).toString('hex'),
};
const server = spawn(join(root, 'node_modules', '.bin', 'bun'), ['packages/server/src/main.ts'], {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
  env: {
    ...process.env,
    EARSHOT_PORT: new URL(chat).port,
    EARSHOT_DATA_DIR: join(root, '.tools', 'examples', name),
    EARSHOT_LOG_LEVEL: 'warn',
    EARSHOT_APP_ID: app.appId,
    EARSHOT_APP_KEY: app.appKey,
    EARSHOT_APP_SECRET: app.appSecret,
    EARSHOT_APP_NAME: 'Example',
    EARSHOT_APP_CHAT: 'true',
    EARSHOT_APP_CHAT_SECRET: app.chatSecret,
  },
});
server.on('exit', (code) => process.exit(code ?? 1));
process.on('SIGINT', () => server.kill('SIGINT'));
process.on('SIGTERM', () => server.kill('SIGTERM'));

await answering(`${chat}/readyz`);
const { createSite } = await import(`./${name}/server.mjs`);
const site = await createSite({ chat, ...app, port: 6010 });
console.log(`\nThe example is at ${site.address}, its Earshot server at ${chat}`);

async function answering(url) {
  for (;;) {
    const answer = await fetch(url).catch(() => null);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
