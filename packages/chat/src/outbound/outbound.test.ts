import { afterEach, beforeEach, expect, test } from 'bun:test';
import { ManualClock, systemClock } from '@earshot/base';
import { makeCertificate } from '../../../../tests/support/certificate.ts';
import { classOf } from './addresses.ts';
import { type AddressLookup, createOutbound, OutboundError } from './outbound.ts';

const bounds = { bytesMax: 10_000, timeoutMs: 10_000 };
const loopback: AddressLookup = async () => ['127.0.0.1'];

let server: ReturnType<typeof Bun.serve> | undefined;
let seen: { url: string; host: string | null; accept: string | null; body: string }[] = [];
beforeEach(() => {
  seen = [];
});
afterEach(() => server?.stop(true));

function serve(answer: (request: Request) => Response | Promise<Response>, tls?: Bun.TLSOptions): number {
  server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    ...(tls === undefined ? {} : { tls }),
    async fetch(request) {
      const { headers, url } = request;
      const body = await request.text();
      seen.push({ url, host: headers.get('host'), accept: headers.get('accept-encoding'), body });
      return answer(request);
    },
  });
  return server.port ?? 0;
}

async function failure(work: Promise<unknown>): Promise<OutboundError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof OutboundError) return error;
    throw error;
  }
  throw new Error('expected a refusal');
}

test('addresses are judged by what they reach, in every way to write them', () => {
  const expected: Record<string, readonly string[]> = {
    public: ['93.184.216.34', '2606:4700::1111', '::ffff:8.8.8.8', '64:ff9b::8.8.8.8', '2002:808:808::1'],
    private: [
      '127.0.0.1',
      '127.255.255.254',
      '0.0.0.0',
      '10.1.2.3',
      '172.31.255.255',
      '192.168.0.1',
      '100.64.0.1',
      '198.18.0.1',
      '::',
      '::1',
      '::ffff:127.0.0.1',
      '::ffff:7f00:1',
      '::127.0.0.1',
      '64:ff9b::10.0.0.1',
      '2002:7f00:1::',
      'fc00::1',
      'fd12:3456::1',
      '2001:db8::1',
    ],
    never: [
      '169.254.169.254',
      '::ffff:169.254.169.254',
      '64:ff9b::a9fe:a9fe',
      '100.100.100.200',
      '168.63.129.16',
      'fd00:ec2::254',
      'fe80::1',
      'fe80::1%eth0',
      '224.0.0.1',
      '255.255.255.255',
      'ff02::1',
      'no address',
    ],
  };
  for (const [kind, addresses] of Object.entries(expected)) {
    for (const address of addresses) expect([address, classOf(address)]).toEqual([address, kind as 'public']);
  }
});

test('what reaches this machine or its network is not called, whatever it is written as', async () => {
  const port = serve(() => new Response('reached'));
  const asked: string[] = [];
  const lookup: AddressLookup = async (host) => {
    asked.push(host);
    return host === 'both.test' ? ['93.184.216.34', '127.0.0.1'] : ['127.0.0.1'];
  };
  const outbound = createOutbound({ clock: systemClock, allowPrivate: false, lookup });
  for (const host of [
    'inside.test',
    'both.test',
    '127.0.0.1',
    '2130706433',
    '0x7f.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '169.254.169.254',
  ]) {
    const call = outbound.fetch(`http://${host}:${port}/`, {}, { ...bounds, plainHttp: true });
    expect([host, (await failure(call)).code]).toEqual([host, 'refused']);
  }
  expect(asked).toEqual(['inside.test', 'both.test']);
  expect(seen).toEqual([]);
});

test('a metadata address is refused though private ones are allowed', async () => {
  const outbound = createOutbound({
    clock: systemClock,
    allowPrivate: true,
    lookup: async () => ['169.254.169.254'],
  });
  for (const url of ['http://metadata.test/latest', 'http://169.254.169.254/latest', 'http://[fe80::1]/']) {
    const error = await failure(outbound.fetch(url, {}, bounds));
    expect([url, error.code]).toEqual([url, 'refused']);
    expect(error.message).not.toContain('latest');
  }
});

test('other schemes, passwords, and http where it is not allowed are refused', async () => {
  const outbound = createOutbound({ clock: systemClock, allowPrivate: false, lookup: loopback });
  for (const url of [
    'file:///etc/passwd',
    'ftp://a.test/',
    'http://a.test/',
    'https://u:p@a.test/',
    '/x',
    '',
  ]) {
    expect([url, (await failure(outbound.fetch(url, {}, bounds))).code]).toEqual([url, 'refused']);
  }
});

test('the name is looked up once, and the connection goes to what was found, under the name', async () => {
  const port = serve(() => Response.json({ ok: true }, { headers: { 'X-Answer': 'yes' } }));
  let lookups = 0;
  const lookup: AddressLookup = async () => {
    lookups++;
    return lookups === 1 ? ['127.0.0.1'] : ['127.0.0.2'];
  };
  const outbound = createOutbound({ clock: systemClock, allowPrivate: true, lookup });
  const answer = await outbound.fetch(
    `http://made-up.test:${port}/path?q=1`,
    { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"a":1}' },
    bounds,
  );
  expect([answer.status, answer.headers.get('X-Answer'), await answer.json()]).toEqual([
    200,
    'yes',
    { ok: true },
  ]);
  expect(lookups).toBe(1);
  const host = `made-up.test:${port}`;
  expect(seen).toEqual([{ url: `http://${host}/path?q=1`, host, accept: 'identity', body: '{"a":1}' }]);
});

test('over TLS the certificate has to be for the name, not for the address', async () => {
  await using made = await makeCertificate();
  const port = serve(() => new Response('hello'), {
    cert: Bun.file(made.certFile),
    key: Bun.file(made.keyFile),
  });
  const outbound = createOutbound({
    clock: systemClock,
    allowPrivate: true,
    lookup: loopback,
    ca: made.cert,
  });
  const answer = await outbound.fetch(`https://localhost:${port}/`, {}, bounds);
  expect(await answer.text()).toBe('hello');
  const error = await failure(outbound.fetch(`https://other.test:${port}/`, {}, bounds));
  expect([error.code, error.message.includes('ERR_TLS_CERT_ALTNAME_INVALID')]).toEqual(['unreachable', true]);
  const distrusting = createOutbound({ clock: systemClock, allowPrivate: true, lookup: loopback });
  expect((await failure(distrusting.fetch(`https://localhost:${port}/`, {}, bounds))).code).toBe(
    'unreachable',
  );
});

test('the next address is tried when one cannot be connected to', async () => {
  const port = serve(() => new Response('hello'));
  const outbound = createOutbound({
    clock: systemClock,
    allowPrivate: true,
    lookup: async () => ['127.0.0.9', '127.0.0.1'],
  });
  expect(await (await outbound.fetch(`http://a.test:${port}/`, {}, bounds)).text()).toBe('hello');
});

test('a redirect is not followed', async () => {
  const port = serve(({ url }) =>
    url.endsWith('/next') ? new Response('followed') : Response.redirect('http://127.0.0.1/next', 302),
  );
  const outbound = createOutbound({ clock: systemClock, allowPrivate: true, lookup: loopback });
  const answer = await outbound.fetch(`http://a.test:${port}/`, {}, bounds);
  expect([answer.status, answer.headers.get('Location'), seen.length]).toEqual([
    302,
    'http://127.0.0.1/next',
    1,
  ]);
});

test('an answer that is too large, endless or compressed is given up', async () => {
  const port = serve(({ url }) => {
    if (url.endsWith('/large')) return new Response('x'.repeat(10_001));
    if (url.endsWith('/zip')) {
      return new Response(Bun.gzipSync('x'.repeat(1_000)), { headers: { 'Content-Encoding': 'gzip' } });
    }
    return new Response(
      new ReadableStream({ pull: (controller) => controller.enqueue(Buffer.alloc(1_000)) }),
    );
  });
  const outbound = createOutbound({ clock: systemClock, allowPrivate: true, lookup: loopback });
  const codeOf = async (path: string) =>
    (await failure(outbound.fetch(`http://a.test:${port}${path}`, {}, bounds))).code;
  expect(await codeOf('/large')).toBe('too_large');
  expect(await codeOf('/endless')).toBe('too_large');
  expect(await codeOf('/zip')).toBe('unreachable');
});

test('of an answer that may be cut, the first bytes are given, and its status', async () => {
  const port = serve(({ url }) =>
    url.endsWith('/zip')
      ? new Response(Bun.gzipSync('x'), { status: 201, headers: { 'Content-Encoding': 'gzip' } })
      : new Response(
          new ReadableStream({ pull: (controller) => controller.enqueue(Buffer.alloc(1_000, 'x')) }),
          {
            status: 500,
          },
        ),
  );
  const outbound = createOutbound({ clock: systemClock, allowPrivate: true, lookup: loopback });
  const cut = { ...bounds, bytesMax: 2_500, cut: true };
  const endless = await outbound.fetch(`http://a.test:${port}/endless`, {}, cut);
  expect([endless.status, await endless.text()]).toEqual([500, 'x'.repeat(2_500)]);
  expect((await outbound.fetch(`http://a.test:${port}/zip`, {}, cut)).status).toBe(201);
});

test('an answer that does not come, or not completely, is given up in time; so is a name', async () => {
  const clock = new ManualClock();
  const asked = Promise.withResolvers<void>();
  const port = serve(() => {
    asked.resolve();
    return new Promise(() => {});
  });
  const outbound = createOutbound({ clock, allowPrivate: true, lookup: loopback });
  const call = failure(outbound.fetch(`http://a.test:${port}/`, {}, bounds));
  await asked.promise;
  clock.advance(10_000);
  expect((await call).code).toBe('timeout');

  const deaf = createOutbound({ clock, allowPrivate: true, lookup: () => new Promise(() => {}) });
  const lookup = failure(deaf.fetch('https://a.test/', {}, bounds));
  clock.advance(10_000);
  expect((await lookup).code).toBe('timeout');
});

test('nobody there, and a name that does not exist', async () => {
  const outbound = createOutbound({
    clock: systemClock,
    allowPrivate: true,
    lookup: async (host) => (host === 'none.test' ? Promise.reject(new Error('ENOTFOUND')) : ['127.0.0.1']),
  });
  const port = serve(() => new Response());
  server?.stop(true);
  for (const url of [`http://a.test:${port}/`, 'http://none.test/']) {
    expect([url, (await failure(outbound.fetch(url, {}, bounds))).code]).toEqual([url, 'unreachable']);
  }
});

test('an address can be judged without being called', async () => {
  const port = serve(() => new Response());
  const clock = new ManualClock();
  const judge = (lookup: AddressLookup) => createOutbound({ clock, allowPrivate: false, lookup });
  await judge(async () => ['93.184.216.34']).check(`https://a.test:${port}/`, bounds);
  for (const url of [`https://a.test:${port}/`, `http://a.test:${port}/`, 'https://[::1]/', '/x']) {
    expect([url, (await failure(judge(loopback).check(url, bounds))).code]).toEqual([url, 'refused']);
  }
  const deaf = failure(judge(() => new Promise(() => {})).check('https://a.test/', bounds));
  clock.advance(10_000);
  expect((await deaf).code).toBe('timeout');
  expect(seen).toEqual([]);
});
