/**
 * What the check of one request costs in CPU time: `bun packages/server/src/apps/auth.bench.ts`. It is part of every publish, so it
 * stays far below the cost of the request itself (15 µs and more).
 */
import { defaultAppSettings } from '../config.ts';
import { App, AppKey } from './app.ts';
import { signChannel, signRequest, verifyChannelAuth, verifyRequest } from './auth.ts';

const key = new AppKey('278d425bdf160c739803', '7ad3773142a6692b25b8');
const app = new App('3', defaultAppSettings(), new Map([[key.key, key]]));
const nowSeconds = 1353088179;

function publish(bytes: number) {
  const body = JSON.stringify({ name: 'event', channels: ['news'], data: 'x'.repeat(bytes) });
  const path = '/apps/3/events';
  const query = signRequest({ key, method: 'POST', path, body, nowSeconds });
  const request = { app, lookup: () => app, method: 'POST', path, query, nowSeconds };
  return { ...request, body: new TextEncoder().encode(body) };
}

const small = publish(100);
const large = publish(10_240);
const encoded = { ...small, query: small.query.replace('1.0', '1%2E0') };
const wrong = { ...small, query: small.query.replace(/\w{4}$/, '0000') };
const auth = signChannel(key, '1234.5678', 'private-news', null);

const cases: Record<string, () => unknown> = {
  'publish of 100 bytes': () => verifyRequest(small),
  'publish of 10,240 bytes (mostly its MD5)': () => verifyRequest(large),
  'publish of 100 bytes, query percent-encoded': () => verifyRequest(encoded),
  'wrong signature': () => verifyRequest(wrong),
  'private channel': () => verifyChannelAuth(app, '1234.5678', 'private-news', auth, null),
};

for (const [name, run] of Object.entries(cases)) {
  const rounds = 100_000;
  for (let warmUp = 0; warmUp < rounds / 5; warmUp++) run();
  const start = process.cpuUsage();
  for (let round = 0; round < rounds; round++) run();
  const { user, system } = process.cpuUsage(start);
  const microseconds = (user + system) / rounds;
  console.log(`${microseconds.toFixed(2).padStart(7)} µs  ${name}`);
}
