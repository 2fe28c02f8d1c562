import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { temporaryFolder } from '../../../../tests/support/server.ts';
import { forward } from './forward.ts';

test('a poll whose client had gone before it is passed on is not held', async () => {
  await using folder = await temporaryFolder();
  const unix = join(folder.path, 'owner.sock');
  const never = Promise.withResolvers<Response>();
  const owner = Bun.serve({ unix, fetch: () => never.promise });
  const abort = new AbortController();
  abort.abort();
  const path = '/pusher/app/key/1/abcd0123/xhr';
  const call = {
    request: new Request(`http://127.0.0.1${path}?protocol=7`, { method: 'POST', signal: abort.signal }),
    path,
    query: 'protocol=7',
    client: { address: '127.0.0.1', secure: false, host: '127.0.0.1' },
    origin: null,
    hostAllowed: true,
    server: { timeout() {} },
  };
  expect((await forward(unix, call, null)).status).toBe(499);
  await owner.stop(true);
});
