import { expect, test } from 'bun:test';
import { copyFile } from 'node:fs/promises';
import { connect } from 'node:tls';
import { systemClock } from '@earshot/base';
import { makeCertificate } from '../support/certificate.ts';
import { overWebSocket } from '../support/http-wire.ts';
import { startServer } from '../support/server.ts';
import { WebSocketWire } from '../support/wire.ts';

process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';

/** The certificate that a new connection is shown, as PEM. */
function shown(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      const { raw } = socket.getPeerCertificate();
      socket.destroy();
      resolve(raw.toString('base64'));
    });
    socket.on('error', reject);
  });
}

const bare = (pem: string) => pem.replace(/-----[^-]+-----|\s/g, '');

test.skipIf(!overWebSocket)(
  'a renewed certificate is shown to new connections, and those that are there stay and are served',
  async () => {
    await using server = await startServer({ tls: true, clock: systemClock });
    const first = server.certificate;
    if (first === undefined) throw new Error('the server has TLS');
    const old = await server.connect({ tls: true });
    await server.join(old, 'news');
    expect(await shown(server.tlsPort)).toBe(bare(first.cert));

    await using second = await makeCertificate();
    await copyFile(second.certFile, first.certFile);
    // The key is still the old one: they do not belong together, and nothing changes.
    expect(server.node.renewCertificate()).toBe(false);
    expect(await shown(server.tlsPort)).toBe(bare(first.cert));
    await copyFile(second.keyFile, first.keyFile);
    expect(server.node.renewCertificate()).toBe(true);
    for (let i = 0; i < 5; i++) expect(await shown(server.tlsPort)).toBe(bare(second.cert));

    const path = `/app/${server.app.key}?protocol=7`;
    const fresh = await WebSocketWire.open({ port: server.tlsPort, path, ca: second.cert });
    server.onStop(() => fresh.destroy());
    await fresh.next('pusher:connection_established');
    await server.join(fresh, 'news');
    const plain = await server.connect();
    await server.join(plain, 'news');
    await server.api.publish('news', 'e', 'x');
    for (const wire of [old, fresh, plain]) expect((await wire.next('e')).data).toBe('x');
  },
);
