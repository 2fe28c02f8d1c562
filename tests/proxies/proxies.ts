import { haproxyPath, startHaproxy } from '../support/haproxy.ts';
import { nginxPath, startNginx } from '../support/nginx.ts';
import type { ProxyOptions } from '../support/proxy.ts';
import { type TestServer, temporaryFolder } from '../support/server.ts';

/** The proxies that the tests run behind; without a `path` there is none here. */
export const proxies = [
  { name: 'nginx', path: nginxPath, start: startNginx },
  { name: 'HAProxy', path: haproxyPath, start: startHaproxy },
];

export type ProxyChoices = Partial<Omit<ProxyOptions, 'folder' | 'upstreamPort'>>;

/** Longer than any test runs, so that only the tests of idle connections meet it. */
const neverIdleSeconds = 60;

/** The port of a proxy in front of `server`; both end together. */
export async function startProxy(
  start: (typeof proxies)[number]['start'],
  server: TestServer,
  choices: ProxyChoices = {},
): Promise<number> {
  const folder = await temporaryFolder();
  server.onStop(async () => folder[Symbol.asyncDispose]());
  const options = { idleSeconds: neverIdleSeconds, ...choices };
  const proxy = await start({ folder: folder.path, upstreamPort: server.port, ...options });
  server.onStop(() => proxy[Symbol.asyncDispose]());
  return proxy.port;
}
