import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { parseMemberData, parseUserData } from './user-data.ts';

const limits = { userIdLength: 128, memberBytes: 1_024, watchlistUsers: 100 };

function member(text: string) {
  return parseMemberData(text, limits);
}

function user(text: string) {
  return parseUserData(text, limits);
}

describe('PRES-6, PRES-7: channel_data', () => {
  test('a numeric and a textual id are the same user', () => {
    expect(member('{"user_id":10}')).toEqual({ userId: '10', userInfo: null });
    expect(member('{"user_id":"10"}')).toEqual({ userId: '10', userInfo: null });
    expect(member('{"user_id":1e1}')).toEqual({ userId: '10', userInfo: null });
  });

  test('numbers that a double cannot hold stay different users', () => {
    expect(member('{"user_id":1234567890123456789}')).toMatchObject({ userId: '1234567890123456789' });
    expect(member('{"user_id": 1234567890123456788 }')).toMatchObject({ userId: '1234567890123456788' });
  });

  test('user_info is kept as it was written', () => {
    expect(member('{"user_id": "7", "user_info": {"n": "\\u00e9\\/", "big": 1234567890123456789}}')).toEqual({
      userId: '7',
      userInfo: '{"n": "\\u00e9\\/", "big": 1234567890123456789}',
    });
    expect(member('{"user_id":"7","user_info":{"__proto__":{"x":1}}}')).toEqual({
      userId: '7',
      userInfo: '{"__proto__":{"x":1}}',
    });
    expect(member('{"user_id":"7","user_info":null}')).toEqual({ userId: '7', userInfo: null });
  });

  test('prototype names are user ids like others', () => {
    expect(member('{"user_id":"__proto__"}')).toEqual({ userId: '__proto__', userInfo: null });
    expect(member('{"__proto__":{"user_id":"1"}}')).toHaveProperty('refused');
  });

  test.each(['"a"', '[]', '7', 'false'])('user_info %s is refused', (info) => {
    expect(member(`{"user_id":"1","user_info":${info}}`)).toEqual({
      refused:
        'user_info supplied to presence subscription is invalid - if supplied it must be a type of hash',
    });
  });

  test.each(['', 'x', 'null', '[]', '"1"', '{"user_id":"1"'])('%j is refused', (text) => {
    expect(member(text)).toHaveProperty('refused', expect.stringContaining('Invalid channel_data'));
  });

  test.each([
    '{}',
    '{"user_id":""}',
    '{"user_id":null}',
    '{"user_id":true}',
    '{"user_id":{}}',
    '{"user_id":"\\n"}',
  ])('%s has no user id', (text) =>
    expect(member(text)).toHaveProperty('refused', expect.stringContaining('Invalid user_id')),
  );

  test('128 characters of id pass, 129 do not', () => {
    expect(member(JSON.stringify({ user_id: 'x'.repeat(128) }))).toHaveProperty('userId');
    expect(member(JSON.stringify({ user_id: 'x'.repeat(129) }))).toHaveProperty('refused');
  });

  test('1024 bytes of user_info pass, 1025 do not; bytes are those of UTF-8', () => {
    const info = (character: string, bytes: number) => {
      const room = bytes - '{"n":""}'.length;
      return `{"n":"${character.repeat(room / Buffer.byteLength(character))}"}`;
    };
    expect(member(`{"user_id":"1","user_info":${info('x', 1_024)}}`)).toHaveProperty('userId');
    expect(member(`{"user_id":"1","user_info":${info('x', 1_025)}}`)).toHaveProperty('refused');
    expect(member(`{"user_id":"1","user_info":${info('é', 1_024)}}`)).toHaveProperty('userId');
    expect(member(`{"user_id":"1","user_info":${info('é', 1_026)}}`)).toHaveProperty('refused');
  });
});

describe('USER-2: user_data', () => {
  test('id, user_info and watchlist', () => {
    expect(user('{"id":"u1","user_info":{"n":1.0},"watchlist":["u2","u3","u2"]}')).toEqual({
      userId: 'u1',
      userInfo: '{"n":1.0}',
      watchlist: ['u2', 'u3'],
      watchlistOverflow: false,
    });
    expect(user('{"id":"12345","watchlist":null}')).toEqual({
      userId: '12345',
      userInfo: null,
      watchlist: [],
      watchlistOverflow: false,
    });
  });

  test('the first 100 of a longer watchlist are taken', () => {
    const watchlist = Array.from({ length: 101 }, (_, i) => `u${i}`);
    expect(user(JSON.stringify({ id: 'me', watchlist }))).toMatchObject({
      watchlist: watchlist.slice(0, 100),
      watchlistOverflow: true,
    });
    expect(user(JSON.stringify({ id: 'me', watchlist: watchlist.slice(1) }))).toMatchObject({
      watchlistOverflow: false,
    });
  });

  test('user_info that is no object refuses nothing and counts as none', () => {
    expect(user('{"id":"u1","user_info":"Ann"}')).toMatchObject({ userId: 'u1', userInfo: null });
  });

  test.each(['', 'null', '[]', '{', '"u1"'])('%j is refused', (text) => {
    expect(user(text)).toHaveProperty('refused', expect.stringContaining('Invalid user_data'));
  });

  test.each(['{}', '{"id":""}', '{"id":7}', '{"id":null}', '{"user_id":"u1"}'])('%s has no id', (text) => {
    expect(user(text)).toHaveProperty('refused', expect.stringContaining('Invalid id'));
  });

  test.each(['"u2"', '{}', '[1]', '[null]'])('watchlist %s is refused', (watchlist) => {
    expect(user(`{"id":"u1","watchlist":${watchlist}}`)).toHaveProperty(
      'refused',
      expect.stringContaining('Invalid watchlist'),
    );
  });
});

test('any text gives a member or a refusal, and a user or a refusal', () => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.json(),
    fc
      .record({
        user_id: fc.jsonValue(),
        id: fc.jsonValue(),
        user_info: fc.jsonValue(),
        watchlist: fc.jsonValue(),
      })
      .map((value) => JSON.stringify(value)),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const joined = member(text);
      if (!('refused' in joined)) {
        expect(joined.userId).not.toBe('');
        if (joined.userInfo !== null) expect(JSON.parse(joined.userInfo)).toEqual(JSON.parse(text).user_info);
      }
      const signedIn = user(text);
      if (!('refused' in signedIn)) expect(signedIn.userId).toBe(JSON.parse(text).id);
    }),
    { numRuns: 3_000 },
  );
});
