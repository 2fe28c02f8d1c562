import { expect, test } from 'bun:test';
import { startServer } from '../support/server.ts';

const base = '/chat/api/v1';

test('a path that is none, and one that takes other methods, are answered as JSON', async () => {
  await using server = await startServer();
  const missing = await fetch(`${server.origin}${base}/nothing`, { headers: { Authorization: 'Bearer x' } });
  expect(missing.status).toBe(401);
  expect(await missing.json()).toMatchObject({ error: { code: 'unauthorised' } });
});
