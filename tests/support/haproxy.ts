import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { locate } from '../../scripts/tools.ts';
import { type Program, startProgram } from './program.ts';
import type { ProxyOptions } from './proxy.ts';

/** HAProxy's path, or undefined where there is none. */
export const haproxyPath = locate('haproxy');

/** HAProxy as a reverse proxy, in the foreground. */
export function startHaproxy({
  folder,
  upstreamPort,
  idleSeconds,
  certificate,
  blocksWebSockets,
  buffersResponses,
}: ProxyOptions): Promise<Program> {
  const file = join(folder, 'haproxy.cfg');
  const pem = join(folder, 'haproxy.pem');
  return startProgram(async (port) => {
    if (certificate !== undefined) {
      const [cert, key] = await Promise.all([readFile(certificate.certFile), readFile(certificate.keyFile)]);
      await writeFile(pem, Buffer.concat([cert, key]), { mode: 0o600 });
    }
    const scheme = certificate === undefined ? 'http' : 'https';
    await writeFile(
      file,
      `
defaults
  mode http
  timeout connect 5s
  timeout client ${idleSeconds}s
  timeout server ${idleSeconds}s
  timeout tunnel ${idleSeconds}s
frontend clients
  bind 127.0.0.1:${port} ${certificate === undefined ? '' : `ssl crt ${pem}`}
  option forwardfor
  http-request set-header X-Forwarded-Proto ${scheme}
  http-request set-header X-Forwarded-Host %[req.hdr(Host)]
  ${blocksWebSockets ? 'http-request del-header Upgrade' : ''}
  ${buffersResponses ? `http-response wait-for-body time ${idleSeconds}s` : ''}
  default_backend server
backend server
  server earshot 127.0.0.1:${upstreamPort}
`,
    );
    return [haproxyPath ?? 'haproxy', '-db', '-f', file];
  });
}
