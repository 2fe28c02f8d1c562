import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import nacl from 'tweetnacl';
import { parseClientMessage } from './messages-in.ts';
import {
  cacheMiss,
  channelEvent,
  clientEvent,
  connectionEstablished,
  errorEvent,
  jsonString,
  jsonStringBody,
  memberAdded,
  memberRemoved,
  ping,
  pong,
  signinSuccess,
  subscriptionCount,
  subscriptionError,
  subscriptionSucceeded,
  watchlistEvents,
} from './messages-out.ts';

describe('FRAME-1, FRAME-2: frames, byte for byte', () => {
  const frames: [string, string][] = [
    [
      connectionEstablished('123.456', 120),
      '{"event":"pusher:connection_established","data":"{\\"socket_id\\":\\"123.456\\",\\"activity_timeout\\":120}"}',
    ],
    [ping(), '{"event":"pusher:ping","data":"{}"}'],
    [pong(), '{"event":"pusher:pong","data":"{}"}'],
    [
      subscriptionSucceeded('news'),
      '{"event":"pusher_internal:subscription_succeeded","channel":"news","data":"{}"}',
    ],
    [
      subscriptionSucceeded('presence-a', '{"presence":{"ids":["1"],"hash":{"1":{"name":"A"}},"count":1}}'),
      '{"event":"pusher_internal:subscription_succeeded","channel":"presence-a",' +
        '"data":"{\\"presence\\":{\\"ids\\":[\\"1\\"],\\"hash\\":{\\"1\\":{\\"name\\":\\"A\\"}},\\"count\\":1}}"}',
    ],
    [channelEvent('news', 'e', '{"x":"é"}'), '{"event":"e","channel":"news","data":"{\\"x\\":\\"é\\"}"}'],
    [channelEvent('news', 'e', ''), '{"event":"e","channel":"news","data":""}'],
    [
      channelEvent('presence-a', 'e', 'x', '1'),
      '{"event":"e","channel":"presence-a","data":"x","user_id":"1"}',
    ],
    [
      clientEvent('private-a', 'client-typing', '{"b":1.0, "a":2}', null),
      '{"event":"client-typing","channel":"private-a","data":{"b":1.0, "a":2}}',
    ],
    [
      clientEvent('presence-a', 'client-typing', '"text"', '1'),
      '{"event":"client-typing","channel":"presence-a","data":"text","user_id":"1"}',
    ],
    [
      clientEvent('private-a', 'client-typing', null, null),
      '{"event":"client-typing","channel":"private-a"}',
    ],
    [
      memberAdded('presence-a', '1', '{"name":"A"}'),
      '{"event":"pusher_internal:member_added","channel":"presence-a",' +
        '"data":"{\\"user_id\\":\\"1\\",\\"user_info\\":{\\"name\\":\\"A\\"}}"}',
    ],
    [
      memberAdded('presence-a', '1', null),
      '{"event":"pusher_internal:member_added","channel":"presence-a","data":"{\\"user_id\\":\\"1\\",\\"user_info\\":{}}"}',
    ],
    [
      memberRemoved('presence-a', '1'),
      '{"event":"pusher_internal:member_removed","channel":"presence-a","data":"{\\"user_id\\":\\"1\\"}"}',
    ],
    [
      subscriptionCount('news', 3),
      '{"event":"pusher_internal:subscription_count","channel":"news","data":"{\\"subscription_count\\":3}"}',
    ],
    [cacheMiss('cache-a'), '{"event":"pusher:cache_miss","channel":"cache-a","data":"{}"}'],
    [
      signinSuccess('{"id":"u1"}'),
      '{"event":"pusher:signin_success","data":"{\\"user_data\\":\\"{\\\\\\"id\\\\\\":\\\\\\"u1\\\\\\"}\\"}"}',
    ],
    [
      watchlistEvents({ online: ['u2'], offline: ['u3'] }),
      '{"event":"pusher_internal:watchlist_events","data":"{\\"events\\":' +
        '[{\\"name\\":\\"online\\",\\"user_ids\\":[\\"u2\\"]},{\\"name\\":\\"offline\\",\\"user_ids\\":[\\"u3\\"]}]}"}',
    ],
    [
      watchlistEvents({ online: [], offline: ['u3'] }),
      '{"event":"pusher_internal:watchlist_events","data":"{\\"events\\":[{\\"name\\":\\"offline\\",\\"user_ids\\":[\\"u3\\"]}]}"}',
    ],
    [
      watchlistEvents({ online: [], offline: [] }),
      '{"event":"pusher_internal:watchlist_events","data":"{\\"events\\":[]}"}',
    ],
    [errorEvent(null, 'no'), '{"event":"pusher:error","data":{"code":null,"message":"no"}}'],
    [errorEvent(4301, 'slow'), '{"event":"pusher:error","data":{"code":4301,"message":"slow"}}'],
    [
      subscriptionError('private-a', { type: 'AuthError', error: 'no', status: 401 }),
      '{"event":"pusher:subscription_error","channel":"private-a",' +
        '"data":"{\\"type\\":\\"AuthError\\",\\"error\\":\\"no\\",\\"status\\":401}"}',
    ],
  ];
  for (const [frame, expected] of frames) {
    test(expected, () => expect(frame).toBe(expected));
  }
});

/** Any text: control characters, U+2028, quotes, and lone halves of surrogate pairs included. */
const text = fc.oneof(
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
  fc.constantFrom(
    '',
    '\0',
    '\u2028\u2029',
    '\ud800',
    '\udc00x',
    '"\\',
    '</script>',
    '__proto__',
    '\u{1f600}',
    '\x7f\x85',
  ),
);

describe('properties: for any text the frame is JSON of the documented shape', () => {
  test('FRAME-4: events, errors and their parts', () => {
    fc.assert(
      fc.property(text, text, text, text, (channel, event, data, userId) => {
        expect(JSON.parse(channelEvent(channel, event, data))).toEqual({ event, channel, data });
        expect(JSON.parse(channelEvent(channel, event, data, userId))).toEqual({
          event,
          channel,
          data,
          user_id: userId,
        });
        expect(JSON.parse(errorEvent(null, data))).toEqual({
          event: 'pusher:error',
          data: { code: null, message: data },
        });
        expect(JSON.parse(jsonString(data))).toBe(data);
        expect(`"${jsonStringBody(data)}"`).toBe(jsonString(data));
      }),
    );
  });

  test('data is JSON text in a string', () => {
    const dataOf = (frame: string): unknown => JSON.parse(JSON.parse(frame).data);
    fc.assert(
      fc.property(text, text, fc.array(text), fc.json(), (channel, one, many, info) => {
        expect(dataOf(connectionEstablished(one, 120))).toEqual({ socket_id: one, activity_timeout: 120 });
        expect(dataOf(memberAdded(channel, one, `{"x":${info}}`))).toEqual({
          user_id: one,
          user_info: JSON.parse(`{"x":${info}}`),
        });
        expect(dataOf(memberRemoved(channel, one))).toEqual({ user_id: one });
        expect(dataOf(signinSuccess(one))).toEqual({ user_data: one });
        expect(dataOf(subscriptionError(channel, { type: one, error: one, status: 401 }))).toEqual({
          type: one,
          error: one,
          status: 401,
        });
        expect(dataOf(watchlistEvents({ online: [one], offline: many }))).toEqual({
          events: [
            { name: 'online', user_ids: [one] },
            ...(many.length > 0 ? [{ name: 'offline', user_ids: many }] : []),
          ],
        });
        for (const frame of [
          memberAdded(channel, one, null),
          memberRemoved(channel, one),
          subscriptionSucceeded(channel),
          subscriptionCount(channel, 3),
          cacheMiss(channel),
        ]) {
          expect(JSON.parse(frame).channel).toBe(channel);
          expect(dataOf(frame)).toBeObject();
        }
      }),
    );
  });

  test('CLIENT-3: a client event arrives with the data that was sent', () => {
    fc.assert(
      fc.property(text, text, fc.json(), text, (name, channel, data, userId) => {
        fc.pre(channel !== '');
        const event = `client-${name}`;
        const message = parseClientMessage(
          `{"event":${jsonString(event)},"data":${data},"channel":${jsonString(channel)},"user_id":"forged"}`,
        );
        if (message.type !== 'client-event') throw new Error(JSON.stringify(message));
        expect(message.data).toBe(data);
        const frame = clientEvent(message.channel, message.event, message.data, userId);
        expect(frame).toContain(`,"data":${data},`);
        expect(JSON.parse(frame)).toEqual({ event, channel, data: JSON.parse(data), user_id: userId });
      }),
    );
  });
});

test('ENC-2: an encrypted event passes as it is, and opens', () => {
  const published = JSON.stringify({
    nonce: 'AgICAgICAgICAgICAgICAgICAgICAgIC',
    ciphertext: 'jIi4l2jeTD6Rkx6syAedp0cYgQoQwVXhLKNg9fywEXmF',
  });
  const received = JSON.parse(JSON.parse(channelEvent('private-encrypted-z', 'e', published)).data);
  const opened = nacl.secretbox.open(
    Buffer.from(received.ciphertext, 'base64'),
    Buffer.from(received.nonce, 'base64'),
    Buffer.from('7UG7tAPTCAcaEj8VH4taFo/Liw+Zulx/G6rFL/n9Qsw=', 'base64'),
  );
  expect(opened && Buffer.from(opened).toString()).toBe('{"hello":"world"}');
});
