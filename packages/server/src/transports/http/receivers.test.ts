import { expect, test } from 'bun:test';
import { PollReceiver, StreamReceiver } from './receivers.ts';
import { HeldRequest } from './request.ts';

/** A request that is held, and the limits that were set for it, in seconds; 0 is none. */
function holding() {
  const limits: number[] = [];
  const abort = new AbortController();
  const held = new HeldRequest({
    request: new Request('http://127.0.0.1/', { signal: abort.signal }),
    server: { timeout: (_request, seconds) => void limits.push(seconds) },
  });
  return { held, limits, abort };
}

const bytes = (text: string) => new TextEncoder().encode(text);

for (const end of ['end', 'cut'] as const) {
  test(`BAD-8: what a client leaves unread of a stream waits no longer than a quiet connection may (${end})`, () => {
    const { held, limits } = holding();
    const stream = new StreamReceiver(held, {}, 1_000, () => {});
    expect(limits).toEqual([0]);
    stream.write(bytes('unread'));
    stream[end]();
    expect(limits).toEqual([0, expect.any(Number)]);
    expect(limits[1]).toBeGreaterThan(0);
    stream[end]();
    expect(limits).toHaveLength(2);
  });
}

test('BAD-8: so it is with the answer to a poll', async () => {
  const { held, limits } = holding();
  const poll = new PollReceiver(held, {}, () => {});
  expect(limits).toEqual([0]);
  poll.write(bytes('unread'));
  expect(limits[1]).toBeGreaterThan(0);
  poll.end();
  expect(limits).toHaveLength(2);
  expect(await (await poll.response).text()).toBe('unread');
});

test('BAD-6: a stream says when more waits than may', async () => {
  const { held } = holding();
  const stream = new StreamReceiver(held, {}, 10, () => {});
  const reader = stream.response.body?.getReader();
  const wellWithin = ['12345', '678', '90'].map((text) => stream.write(bytes(text)));
  expect(wellWithin).toEqual([true, true, true]);
  for (let n = 0; n < 3; n++) await reader?.read();
  for (let n = 0; n < 50; n++) {
    expect(stream.write(bytes('12345678'))).toBe(true); // it is read each time
    await reader?.read();
  }
  expect([stream.write(bytes('12345678')), stream.write(bytes('12345678'))]).toEqual([true, false]);
  stream.cut();
  expect(stream.write(bytes('more'))).toBe(true); // nobody is there
});

test('a client that goes away is told of, and what is written then goes nowhere', async () => {
  for (const how of ['cancel', 'abort'] as const) {
    const { held, abort } = holding();
    const gone: unknown[] = [];
    const stream = new StreamReceiver(held, {}, 10, (self) => gone.push(self));
    if (how === 'abort') abort.abort();
    else await stream.response.body?.cancel();
    expect(gone).toEqual([stream]);
    stream.write(bytes('x'));
    stream.end();
  }
});

test('a client that had gone already is told of when the receiver is there', async () => {
  for (const kind of [PollReceiver, StreamReceiver]) {
    const { held, abort } = holding();
    abort.abort();
    const gone: unknown[] = [];
    const receiver =
      kind === PollReceiver
        ? new PollReceiver(held, {}, (self) => gone.push(self))
        : new StreamReceiver(held, {}, 10, (self) => gone.push(self));
    expect(gone).toEqual([]); // the session does not know it yet
    await null;
    expect(gone).toEqual([receiver]);
  }
});
