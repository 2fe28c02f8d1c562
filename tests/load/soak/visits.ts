import { encodeFrame } from '../generator/frames.ts';
import { signChannel, signRequest, signUser } from '../generator/sign.ts';
import { Subscriber } from '../generator/subscriber.ts';
import type { Target } from '../target.ts';
import { httpVisits } from './http-visits.ts';
import type { Visit } from './visit.ts';

const binaryOpcode = 2;
const error = '{"event":"pusher:error"';
/** Several visits share a channel, so that leaving and joining meet. */
const crowdOf = (id: number) => Math.floor(id / 40);

const reader: Visit = async (target, id) => {
  const subscriber = await Subscriber.open(target);
  await subscriber.subscribe(`soak-${id % 50}`);
  await subscriber.subscribe(`cache-soak-${id % 50}`);
  subscriber.close();
};

const dropped: Visit = async (target, id) => {
  const subscriber = await Subscriber.open(target);
  await subscriber.subscribe(`soak-${id % 50}`);
  subscriber.abort();
};

const leaver: Visit = async (target, id) => {
  const subscriber = await Subscriber.open(target);
  const channel = `soak-once-${id}`;
  await subscriber.subscribe(channel);
  subscriber.sendText(JSON.stringify({ event: 'pusher:unsubscribe', data: { channel } }));
  await subscriber.request('{"event":"pusher:ping","data":{}}', '{"event":"pusher:pong"');
  subscriber.close();
};

const member: Visit = async (target, id) => {
  const subscriber = await Subscriber.open(target);
  const channel = `presence-soak-${crowdOf(id)}`;
  const channelData = JSON.stringify({ user_id: `user-${id}`, user_info: { name: `Member ${id}` } });
  await subscriber.subscribe(channel, {
    auth: signChannel(target, subscriber.socketId, channel, channelData),
    channelData,
  });
  if (id % 2 === 0) subscriber.close();
  else subscriber.abort();
};

const talker: Visit = async (target, id) => {
  const subscriber = await Subscriber.open(target);
  const channel = `private-soak-${crowdOf(id)}`;
  await subscriber.subscribe(channel, { auth: signChannel(target, subscriber.socketId, channel) });
  for (let turn = 0; turn < 3; turn++) {
    subscriber.sendText(JSON.stringify({ event: 'client-typing', channel, data: { turn } }));
  }
  await subscriber.request('{"event":"pusher:ping","data":{}}', '{"event":"pusher:pong"');
  subscriber.close();
};

const user: Visit = async (target, id) => {
  const subscriber = await Subscriber.open(target);
  const watchlist = [`user-${id - 1}`, `user-${id + 1}`];
  const userData = JSON.stringify({ id: `user-${id}`, user_info: {}, watchlist });
  const data = { auth: signUser(target, subscriber.socketId, userData), user_data: userData };
  await subscriber.request(
    JSON.stringify({ event: 'pusher:signin', data }),
    '{"event":"pusher:signin_success"',
  );
  await subscriber.subscribe(`#server-to-user-user-${id}`);
  subscriber.close();
};

const halfAsked: Visit = async (target) => {
  const socket = await Bun.connect({ hostname: '127.0.0.1', port: target.port, socket: { data() {} } });
  socket.write(`GET /app/${target.app.key}?protocol=7 HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgr`);
  socket.flush();
  socket.terminate();
};

const mute: Visit = async (target) => {
  const subscriber = await Subscriber.open(target);
  subscriber.abort();
};

const babbler: Visit = async (target, id) => {
  const subscriber = await Subscriber.open(target);
  const wrongAuth = { auth: `${target.app.key}:${'0'.repeat(64)}`, channel: 'private-soak' };
  const nonsense = [
    'not JSON',
    '[]',
    '{"event":5}',
    '{"event":"no-such-event","data":{}}',
    `{"event":"pusher:subscribe","data":${'['.repeat(2000)}${']'.repeat(2000)}}`,
    '{"event":"pusher:subscribe","data":{"channel":"no blanks"}}',
    '{"event":"pusher:subscribe","data":{"channel":{"__proto__":1}}}',
    JSON.stringify({ event: 'pusher:subscribe', data: wrongAuth }),
    '{"event":"client-typing","channel":"private-soak","data":"without a subscription"}',
  ];
  await subscriber.request(nonsense[id % nonsense.length] as string, error);
  for (const channel of ['__proto__', 'constructor', 'toString']) await subscriber.subscribe(channel);
  subscriber.close();
};

const oversized: Visit = async (target) => {
  let closed = () => {};
  const gone = new Promise<void>((resolve) => {
    closed = resolve;
  });
  const subscriber = await Subscriber.open(target, { closed });
  // The head of a frame of a gigabyte, and a little of it.
  subscriber.sendRaw(Buffer.from('81ff0000000040000000000000007878', 'hex'));
  await gone;
};

const binary: Visit = async (target) => {
  const subscriber = await Subscriber.open(target);
  subscriber.sendRaw(encodeFrame(binaryOpcode, new Uint8Array(64)));
  subscriber.abort();
};

const caller: Visit = async (target, id) => {
  const body = JSON.stringify({
    name: 'event',
    channels: [`soak-${id % 50}`, `cache-soak-${id % 50}`],
    data: '{"n":1}',
  });
  const events = `/apps/${target.app.id}/events`;
  await call(target, 'POST', signRequest(target, 'POST', events, body), body, 200);
  await call(target, 'POST', signRequest(target, 'POST', events, `${body} `), body, 401);
  await call(target, 'GET', signRequest(target, 'GET', `/apps/${target.app.id}/channels`), null, 200);
};

async function call(target: Target, method: string, address: string, body: string | null, expected: number) {
  const response = await fetch(`http://127.0.0.1:${target.port}${address}`, { method, body });
  const text = await response.text();
  if (response.status !== expected) {
    throw new Error(`${method} ${address.split('?')[0]}: ${response.status} instead of ${expected}: ${text}`);
  }
}

/** As often as they stand here. */
export const visits: readonly Visit[] = [
  reader,
  member,
  dropped,
  reader,
  talker,
  member,
  user,
  halfAsked,
  member,
  leaver,
  mute,
  reader,
  babbler,
  member,
  talker,
  dropped,
  binary,
  member,
  oversized,
  caller,
  ...httpVisits,
];
