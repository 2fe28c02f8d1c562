/**
 * The floor that Earshot is measured against: the least that a Bun server has to do for the same bytes on the
 * wire. It upgrades, subscribes to a native topic, checks a publish's signature and publishes. No limits, no
 * validation, no presence.
 */
import { timingSafeEqual } from 'node:crypto';

const { PORT, APP_ID, APP_KEY, APP_SECRET = '' } = process.env;
let connections = 0;

function signed(method: string, url: URL, body: string): boolean {
  const query = [...url.searchParams].filter(([key]) => key !== 'auth_signature').sort();
  const text = `${method}\n${url.pathname}\n${query.map(([key, value]) => `${key}=${value}`).join('&')}`;
  const expected = new Bun.CryptoHasher('sha256', APP_SECRET).update(text).digest();
  const given = Buffer.from(url.searchParams.get('auth_signature') ?? '', 'hex');
  const md5 = new Bun.CryptoHasher('md5').update(body).digest('hex');
  const age = Math.abs(Date.now() / 1000 - Number(url.searchParams.get('auth_timestamp')));
  if (url.searchParams.get('auth_key') !== APP_KEY || url.searchParams.get('body_md5') !== md5) return false;
  return age < 600 && given.length === expected.length && timingSafeEqual(given, expected);
}

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: Number(PORT),
  development: false,
  async fetch(request, server) {
    const url = new URL(request.url);
    if (url.pathname === `/app/${APP_KEY}` && server.upgrade(request)) return undefined;
    if (url.pathname !== `/apps/${APP_ID}/events`) return new Response('404 NOT FOUND\n', { status: 404 });
    const body = await request.text();
    if (!signed(request.method, url, body)) return new Response('Invalid signature', { status: 401 });
    const { name, channels, data } = JSON.parse(body);
    for (const channel of channels) {
      server.publish(channel, JSON.stringify({ event: name, channel, data }));
    }
    return Response.json({});
  },
  websocket: {
    perMessageDeflate: false,
    idleTimeout: 120,
    backpressureLimit: 4 * 1024 * 1024,
    closeOnBackpressureLimit: true,
    open(socket) {
      const data = JSON.stringify({ socket_id: `1.${++connections}`, activity_timeout: 120 });
      socket.send(JSON.stringify({ event: 'pusher:connection_established', data }));
    },
    message(socket, text) {
      const { event, data } = JSON.parse(String(text));
      if (event !== 'pusher:subscribe') return;
      socket.subscribe(data.channel);
      const { channel } = data;
      socket.send(JSON.stringify({ event: 'pusher_internal:subscription_succeeded', channel, data: '{}' }));
    },
  },
});
console.log(`listening on ${server.url}`);
