import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Certificate, makeCertificate } from '../support/certificate.ts';
import { haproxyPath } from '../support/haproxy.ts';
import { EventStreamWire } from '../support/http-wire.ts';
import { nginxPath } from '../support/nginx.ts';
import { type Program, startProgram } from '../support/program.ts';
import { startServer, succeeded, type TestServer, temporaryFolder } from '../support/server.ts';
import { WebSocketWire, type Wire } from '../support/wire.ts';

/** The files of `deploy/`, with what is different on every machine put in, run as they are. */
const deploy = (name: string) => readFile(join(import.meta.dirname, '../../deploy', name), 'utf8');

let server: TestServer;
let folder: { readonly path: string } & AsyncDisposable;
let certificate: Certificate;

beforeAll(async () => {
  folder = await temporaryFolder();
  certificate = await makeCertificate();
  server = await startServer({ env: { EARSHOT_TRUSTED_PROXIES: '127.0.0.1', EARSHOT_APP_TLS_ONLY: 'true' } });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await certificate[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

/** Replaces each text, which has to be there. */
function put(config: string, replacements: Readonly<Record<string, string>>): string {
  let text = config;
  for (const [from, to] of Object.entries(replacements)) {
    expect(text).toContain(from);
    text = text.replaceAll(from, to);
  }
  return text;
}

const key = () => server.app.key;

/** A subscriber on `port`, greeted: an app for TLS alone takes it only where the proxy is believed that it is. */
async function subscribed(wire: Promise<Wire>): Promise<Wire> {
  const opened = await wire;
  await opened.next('pusher:connection_established');
  succeeded(await opened.subscribe('news'));
  return opened;
}

async function carries(proxy: Program): Promise<void> {
  await using _ = proxy;
  const { port } = proxy;
  const ca = certificate.cert;
  const wires = await Promise.all([
    subscribed(WebSocketWire.open({ port, path: `/app/${key()}?protocol=7`, ca })),
    subscribed(EventStreamWire.open({ base: `https://127.0.0.1:${port}`, key: key(), query: '', ca })),
  ]);
  await server.api.publish('news', 'greeting', 'hello');
  for (const wire of wires) {
    expect(await wire.next()).toEqual({ event: 'greeting', channel: 'news', data: 'hello' });
    wire.destroy();
  }
}

test.if(nginxPath !== undefined)('deploy/nginx.conf carries WebSockets and streams', async () => {
  const file = join(folder.path, 'nginx.conf');
  const config = await deploy('nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const proxy = await startProgram(async (port) => {
    const site = put(config, {
      'server 127.0.0.1:6001;': `server 127.0.0.1:${server.port};`,
      'listen 443 ssl;': `listen 127.0.0.1:${port} ssl;`,
      '/etc/ssl/push.example.com/fullchain.pem': certificate.certFile,
      '/etc/ssl/push.example.com/privkey.pem': certificate.keyFile,
    });
    const paths = temporary.map((name) => `${name}_temp_path ${folder.path}/${name};`).join(' ');
    await writeFile(
      file,
      `daemon off; master_process off; pid ${folder.path}/nginx.pid; events {}
       http { access_log off; ${paths} ${site} }`,
    );
    return [nginxPath ?? '', '-p', folder.path, '-e', 'stderr', '-c', file];
  });
  await carries(proxy);
});

test.if(haproxyPath !== undefined)('deploy/haproxy.cfg carries WebSockets and streams', async () => {
  const file = join(folder.path, 'haproxy.cfg');
  const pem = join(folder.path, 'push.pem');
  const [cert, key, config] = await Promise.all([
    readFile(certificate.certFile),
    readFile(certificate.keyFile),
    deploy('haproxy.cfg'),
  ]);
  await writeFile(pem, Buffer.concat([cert, key]), { mode: 0o600 });
  const proxy = await startProgram(async (port) => {
    const site = put(config, {
      'bind :443 ssl crt /etc/haproxy/push.example.com.pem': `bind 127.0.0.1:${port} ssl crt ${pem}`,
      'server node1 127.0.0.1:6001 check': `server node1 127.0.0.1:${server.port} check`,
    });
    await writeFile(file, site);
    return [haproxyPath ?? '', '-db', '-f', file];
  });
  await carries(proxy);
});
