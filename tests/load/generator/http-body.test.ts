import { expect, test } from 'bun:test';
import { HttpBody } from './http-body.ts';

const wire =
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello' +
  'HTTP/1.1 204 No Content\r\n\r\n' +
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n' +
  'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nend';

test('bodies are found wherever the pieces are cut', () => {
  for (let size = 1; size <= wire.length; size++) {
    const bodies = [''];
    const reader = new HttpBody(
      (bytes, start, length) => {
        bodies.push((bodies.pop() ?? '') + bytes.toString('latin1', start, start + length));
      },
      () => bodies.push(''),
    );
    for (let at = 0; at < wire.length; at += size) reader.feed(Buffer.from(wire.slice(at, at + size)));
    expect(bodies).toEqual(['hello', '', 'abc0123456789abcdef', 'end', '']);
  }
});

test('a refusal is not taken for an answer', () => {
  const reader = new HttpBody(
    () => {},
    () => {},
  );
  expect(() => reader.feed(Buffer.from('HTTP/1.1 404 Not Found\r\n\r\n'))).toThrow('404');
});
