import { expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  closeFrame,
  eventStreamData,
  eventStreamNotice,
  messagesFrame,
  parseSend,
  parseSessionPath,
  prelude,
  quoted,
} from './http-framing.ts';

test('frames are what pusher-js reads, byte for byte', () => {
  const established = '{"event":"pusher:connection_established","data":"{\\"socket_id\\":\\"1.2\\"}"}';
  expect(messagesFrame([quoted(established)])).toBe(
    'a["{\\"event\\":\\"pusher:connection_established\\",\\"data\\":\\"{\\\\\\"socket_id\\\\\\":\\\\\\"1.2\\\\\\"}\\"}"]\n',
  );
  expect(messagesFrame([quoted('a'), quoted('ü "\n')])).toBe('a["a","ü \\"\\n"]\n');
  expect(closeFrame(4200, 'Reconnect "now"')).toBe('c[4200,"Reconnect \\"now\\""]\n');
  expect(prelude).toHaveLength(2049);
});

test('a frame is one line, whatever the message holds', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(messagesFrame([quoted(text)]).indexOf('\n')).toBe(messagesFrame([quoted(text)]).length - 1);
      expect(JSON.parse(messagesFrame([quoted(text)]).slice(1))).toEqual([text]);
    }),
  );
});

test('a send is an array of strings and nothing else', () => {
  expect(parseSend('["{\\"event\\":\\"pusher:ping\\"}"]')).toEqual(['{"event":"pusher:ping"}']);
  expect(parseSend('[]')).toEqual([]);
  for (const body of ['', '[', '{}', '"a"', '[1]', '["a",null]', 'null']) expect(parseSend(body)).toBeNull();
});

test('the path of a session is exact', () => {
  const path = '/pusher/app/key-1/17/0123abcv/xhr_streaming';
  expect(parseSessionPath(path)).toEqual({
    key: 'key-1',
    server: '17',
    session: '0123abcv',
    request: 'xhr_streaming',
  });
  for (const wrong of [
    '/pusher/app/key/1000/0123abcv/xhr',
    '/pusher/app/key/-1/0123abcv/xhr',
    '/pusher/app/key/1/0123abc/xhr',
    '/pusher/app/key/1/0123abcw/xhr',
    '/pusher/app/key/1/0123abcv/jsonp',
    '/pusher/app//1/0123abcv/xhr',
    '/app/key/1/0123abcv/xhr',
    `${path}/`,
  ]) {
    expect(parseSessionPath(wrong)).toBeNull();
  }
});

test('an event of several lines has a data line for each', () => {
  expect(eventStreamData('one')).toBe('data: one\n');
  expect(eventStreamData('one\ntwo\r\nthree\rfour\n')).toBe(
    'data: one\ndata: two\ndata: three\ndata: four\ndata: \n',
  );
  expect(eventStreamNotice('close', { code: 4200 })).toBe('event: close\ndata: {"code":4200}\n\n');
});
