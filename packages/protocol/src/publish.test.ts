import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { defaultLimits as limits } from './limits.ts';
import {
  type ApiRefusal,
  type Publish,
  parseBatch,
  parseInfo,
  parsePublish,
  publishInfo,
} from './publish.ts';

const noQuery = new Map<string, string[]>();

function publish(body: unknown, query: ReadonlyMap<string, string[]> = noQuery): Publish {
  const result = parsePublish(body, query, limits);
  if ('status' in result) throw new Error(result.message);
  return result;
}

function refusal(body: unknown): ApiRefusal {
  const result = parsePublish(body, noQuery, limits);
  if (!('status' in result)) throw new Error('was taken');
  return result;
}

const good = { name: 'e', data: 'd', channels: ['a'] };

describe('publish', () => {
  test('every member', () => {
    expect(
      publish({
        name: 'e',
        data: '{"x":1}',
        channels: ['private-b', 'a'],
        socket_id: '1.2',
        info: 'user_count,subscription_count',
      }),
    ).toEqual({
      event: 'e',
      data: '{"x":1}',
      channels: [
        { name: 'private-b', kind: 'private', cached: false },
        { name: 'a', kind: 'public', cached: false },
      ],
      socketId: '1.2',
      info: { userCount: true, subscriptionCount: true, cache: false },
    });
  });

  test('only what must be there; null and empty count as not given', () => {
    const expected = {
      event: 'e',
      data: '',
      channels: [{ name: 'a', kind: 'public', cached: false }],
      socketId: null,
      info: { userCount: false, subscriptionCount: false, cache: false },
    };
    expect(publish({ name: 'e', data: '', channel: 'a' })).toEqual(expected as Publish);
    expect(publish({ name: 'e', data: '', channel: 'a', socket_id: null, info: null })).toEqual(
      expected as Publish,
    );
    expect(publish({ name: 'e', data: '', channel: 'a', socket_id: '', info: '' })).toEqual(
      expected as Publish,
    );
  });

  test('API-3: a channel named twice counts once, in the order of the first', () => {
    const { channels } = publish({ ...good, channels: ['b', 'a', 'b'] });
    expect(channels.map(({ name }) => name)).toEqual(['b', 'a']);
  });

  test('the channel of a user', () => {
    expect(publish({ ...good, channels: ['#server-to-user-u1'] }).channels).toEqual([
      { name: '#server-to-user-u1', kind: 'user', cached: false, userId: 'u1' },
    ]);
  });

  test('API-2: parameters may stand in the query; the body wins', () => {
    const query = new Map([
      ['name', ['q']],
      ['data', ['x']],
      ['channels[]', ['a', 'b']],
      ['socket_id', ['1.2']],
      ['info', ['user_count']],
    ]);
    expect(publish(undefined, query)).toMatchObject({
      event: 'q',
      data: 'x',
      socketId: '1.2',
      info: { userCount: true },
    });
    expect(publish({ name: 'e', channels: ['c'] }, query)).toMatchObject({
      event: 'e',
      channels: [{ name: 'c' }],
    });
    expect(publish({ channel: 'c' }, query)).toMatchObject({ channels: [{ name: 'c' }] });
    const single = new Map([
      ['name', ['q']],
      ['data', ['x']],
      ['channel', ['d']],
    ]);
    expect(publish(undefined, single)).toMatchObject({ channels: [{ name: 'd' }] });
  });
});

describe('API-5: publishes that are refused', () => {
  test.each([
    ['null', null],
    ['an array', []],
    ['a string', 'x'],
    ['no name', { ...good, name: undefined }],
    ['an empty name', { ...good, name: '' }],
    ['a numeric name', { ...good, name: 7 }],
    ['a name of 201 characters', { ...good, name: 'x'.repeat(201) }],
    ['no data', { ...good, data: undefined }],
    ['an object as data', { ...good, data: { x: 1 } }],
    ['null as data', { ...good, data: null }],
    ['no channel', { ...good, channels: undefined }],
    ['an empty list', { ...good, channels: [] }],
    ['a string as channels', { ...good, channels: 'a' }],
    ['a channel that is no string', { ...good, channels: ['a', 7] }],
    ['an array as channel', { name: 'e', data: 'd', channel: ['a'] }],
    ['a bad name', { ...good, channels: ['a b'] }],
    ['a name of 201 characters', { ...good, channels: ['x'.repeat(201)] }],
    ['101 channels', { ...good, channels: Array.from({ length: 101 }, (_, i) => `c${i}`) }],
    ['a malformed socket_id', { ...good, socket_id: 'x' }],
    ['a numeric socket_id', { ...good, socket_id: 1.2 }],
    ['an unknown attribute', { ...good, info: 'user_count,x' }],
    ['the attribute of another endpoint', { ...good, info: 'cache' }],
    ['a list as info', { ...good, info: ['user_count'] }],
    ['members of the prototype', JSON.parse('{"__proto__":{"name":"e","data":"d","channel":"a"}}')],
  ])('%s', (_, body) => {
    expect(refusal(body).status).toBe(400);
    expect(refusal(body).message).not.toBe('');
  });

  test('API-4: 10240 bytes pass, 10241 do not, counted in UTF-8', () => {
    publish({ ...good, data: 'x'.repeat(10_240) });
    publish({ ...good, data: 'é'.repeat(5_120) });
    publish({ ...good, data: '€'.repeat(3_413) });
    publish({ ...good, data: '\u{1f600}'.repeat(2_560) });
    for (const data of [
      'x'.repeat(10_241),
      `${'é'.repeat(5_120)}x`,
      '€'.repeat(3_414),
      `x${'\u{1f600}'.repeat(2_560)}`,
    ]) {
      expect(refusal({ ...good, data })).toEqual({
        status: 413,
        message: 'The data content of this event exceeds the allowed maximum (10240 bytes).',
      });
    }
  });

  test('the limits are exact', () => {
    publish({ ...good, name: 'x'.repeat(200) });
    publish({ ...good, channels: ['x'.repeat(200)] });
    publish({ ...good, channels: Array.from({ length: 100 }, (_, i) => `c${i}`) });
  });

  test('the text for an unknown attribute', () => {
    expect(refusal({ ...good, info: 'x' }).message).toContain(
      'info should be a comma separated list of attributes',
    );
  });
});

describe('API-8: batch', () => {
  const item = { name: 'e', data: 'd', channel: 'a' };

  test('publishes in order, each with one channel', () => {
    const batch = [item, { ...item, channel: 'b', socket_id: '1.2' }, { ...item, info: 'user_count' }];
    const publishes = parseBatch({ batch }, limits);
    if (!Array.isArray(publishes)) throw new Error(publishes.message);
    expect(
      publishes.map(({ channels, socketId, info }) => [channels[0]?.name, socketId, info.userCount]),
    ).toEqual([
      ['a', null, false],
      ['b', '1.2', false],
      ['a', null, true],
    ]);
    expect(parseBatch({ batch: [] }, limits)).toEqual([]);
  });

  test('10 pass, 11 are too many', () => {
    expect(parseBatch({ batch: Array(10).fill(item) }, limits)).toHaveLength(10);
    const refused = parseBatch({ batch: Array(11).fill(item) }, limits) as ApiRefusal;
    expect(refused.status).toBe(400);
    expect(refused.message).toStartWith('Batch too large');
  });

  test('API-9: one bad item refuses all, and is named', () => {
    expect(parseBatch({ batch: [item, { ...item, data: 'x'.repeat(10_241) }] }, limits)).toEqual({
      status: 413,
      message:
        'The data content of this event exceeds the allowed maximum (10240 bytes). (in event 2 of the batch)',
    });
    for (const bad of [
      null,
      7,
      [],
      {},
      { ...item, channel: undefined, channels: ['a'] },
      { ...item, channel: 'a b' },
    ]) {
      expect(parseBatch({ batch: [item, bad] }, limits)).toMatchObject({ status: 400 });
    }
  });

  test.each([[undefined], [null], [[]], [{}], [{ batch: {} }], [{ batch: 'x' }]])(
    '%j is no batch',
    (body) => {
      expect(parseBatch(body, limits)).toMatchObject({ status: 400 });
    },
  );
});

describe('info', () => {
  test('a list of the allowed attributes', () => {
    const none = { userCount: false, subscriptionCount: false, cache: false };
    expect(parseInfo(undefined, publishInfo)).toEqual(none);
    expect(parseInfo('', publishInfo)).toEqual(none);
    expect(parseInfo('user_count', publishInfo)).toEqual({ ...none, userCount: true });
    expect(parseInfo('subscription_count, user_count,user_count', publishInfo)).toEqual({
      ...none,
      userCount: true,
      subscriptionCount: true,
    });
    expect(parseInfo('cache', ['cache'])).toEqual({ ...none, cache: true });
  });

  test.each(['x', 'user_count,', ',', 'USER_COUNT', '__proto__', 'cache'])('%j is refused', (text) => {
    expect(parseInfo(text, publishInfo)).toMatchObject({ status: 400 });
  });
});

test('the recorded publishes of all libraries are taken', () => {
  const lines = readFileSync(new URL('./recorded-requests.jsonl', import.meta.url), 'utf8')
    .trim()
    .split('\n');
  let taken = 0;
  for (const line of lines) {
    const { target, body } = JSON.parse(line);
    if (target.includes('/events?')) {
      const { channels } = publish(JSON.parse(body));
      expect(channels.length).toBeGreaterThan(0);
      taken++;
    } else if (target.includes('/batch_events?')) {
      expect(parseBatch(JSON.parse(body), limits)).toBeArray();
      taken++;
    }
  }
  expect(taken).toBe(18);
});

test('any JSON gives publishes or a refusal', () => {
  const member = fc.oneof(fc.jsonValue(), fc.constantFrom('a', ['a'], '1.2', 'user_count'));
  const object = fc.record(
    { name: member, data: member, channel: member, channels: member, socket_id: member, info: member },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), object), (value) => {
      const result = parsePublish(value, noQuery, limits);
      if ('status' in result) expect([400, 413]).toContain(result.status);
      else expect(result.channels.length).toBeGreaterThan(0);
      const batch = parseBatch({ batch: [value] }, limits);
      if (Array.isArray(batch)) expect(batch).toHaveLength(1);
      else expect([400, 413]).toContain(batch.status);
    }),
    { numRuns: 3_000 },
  );
});
