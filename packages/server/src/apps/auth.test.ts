import { describe, expect, test } from 'bun:test';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { requestStringToSign } from '@earshot/protocol';
import fc from 'fast-check';
import { defaultAppSettings } from '../config.ts';
import { App, AppKey } from './app.ts';
import {
  type QueryParams,
  signChannel,
  signRequest,
  verifyChannelAuth,
  verifyRequest,
  verifyUserAuth,
} from './auth.ts';

const key = '278d425bdf160c739803';
const secret = '7ad3773142a6692b25b8';
const numRuns = Number(process.env.EARSHOT_TEST_RUNS ?? 500);

function appWith(id: string, ...keys: [string, string][]): App {
  return new App(
    id,
    defaultAppSettings(),
    new Map(keys.map(([key, secret]) => [key, new AppKey(key, secret)])),
  );
}

/** The app of the vectors, and another one. */
const app = appWith('3', [key, secret]);
const other = appWith('4', ['other-key', 'other-secret']);
const lookup = (key: string) => [app, other].find(({ keys }) => keys.has(key));

describe('channel signatures', () => {
  const vectors: [socketId: string, channel: string, channelData: string | null, hex: string][] = [
    ['1234.1234', 'private-foobar', null, '58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4'],
    [
      '1234.1234',
      'presence-foobar',
      '{"user_id":10,"user_info":{"name":"Mr. Pusher"}}',
      'afaed3695da2ffd16931f457e338e6c9f2921fa133ce7dac49f529792be6304c',
    ],
    [
      '1234.1234',
      'presence-foobar',
      '{"user_id":10,"user_info":{"name":"Mr. Channels"}}',
      '31935e7d86dba64c2a90aed31fdc61869f9b22ba9d8863bba239c03ca481bc80',
    ],
    [
      '1234.1234',
      'private-encrypted-z',
      null,
      'ee05c49f9bc1de3ec371817eea23dff9d17552b90bd8e510a88e7d8e7976e866',
    ],
    [
      '1.2',
      'presence-a',
      '{"user_id":"7","user_info":{"n":"x"}}',
      'cd1315c2de117f82de864c752eae8a57cee83693511fbff2797aa4e4c945c6ed',
    ],
    [
      '1.2',
      'presence-a',
      '{"user_id": "7"}',
      'f5c6cd4d49e5d47f9492803a3e05d3663e95a5bca9efcaf8ba69aeb06a88b822',
    ],
    [
      '1.2',
      'presence-a',
      '{"user_id":"7"}',
      '4db9bfd349308f63f4a3ea2a3a72767dabf86a0926725108d8f781a968fbd6be',
    ],
    ['1.2', 'private-encrypted-z', null, 'e051ac71cd9043d33b536735a3d3c7d48fc2df664de5b80bd1739d6a930191ac'],
  ];
  for (const [socketId, channel, channelData, hex] of vectors) {
    test(`${socketId}:${channel}:${channelData ?? ''}`, () => {
      expect(verifyChannelAuth(app, socketId, channel, `${key}:${hex}`, channelData)).toEqual({ ok: true });
      expect(signChannel(app.oldestKey, socketId, channel, channelData)).toBe(`${key}:${hex}`);
    });
  }

  const auth = signChannel(app.oldestKey, '1.2', 'private-a', null);
  const signature = auth.slice(key.length + 1);
  const wrong = '0'.repeat(64);

  test('without auth', () => {
    expect(verifyChannelAuth(app, '1.2', 'private-a', null, null)).toEqual({
      refused: 'Auth info required to subscribe to private-a',
    });
  });

  test('with a wrong signature: the string to sign is shown, the right signature is not', () => {
    expect(verifyChannelAuth(app, '1.2', 'private-a', `${key}:${wrong}`, null)).toEqual({
      refused: `Invalid signature: Expected HMAC SHA256 hex digest of 1.2:private-a, but got ${wrong}`,
    });
  });

  test('with a key that the app does not have, even if it is right for another app', () => {
    const foreign = signChannel(other.oldestKey, '1.2', 'private-a', null);
    expect(verifyChannelAuth(app, '1.2', 'private-a', foreign, null)).toEqual({
      refused: "Invalid key in subscription auth data: 'other-key'",
    });
    expect(verifyChannelAuth(app, '1.2', 'private-a', `other-key:${signature}`, null)).toHaveProperty(
      'refused',
    );
    for (const name of ['__proto__', 'constructor', 'toString', '']) {
      expect(verifyChannelAuth(app, '1.2', 'private-a', `${name}:${signature}`, null)).toHaveProperty(
        'refused',
      );
    }
  });

  test('for another socket, channel or member', () => {
    const refused = [
      verifyChannelAuth(app, '1.3', 'private-a', auth, null),
      verifyChannelAuth(app, '1.2', 'private-b', auth, null),
      verifyChannelAuth(app, '1.2', 'private-a', auth, '{}'),
      verifyChannelAuth(app, '1.2', 'private-a', auth, ''),
    ];
    for (const verdict of refused) expect(verdict).toHaveProperty('refused');
  });

  test('in another spelling of the digits, or with more or less of them', () => {
    const spellings = [
      signature.toUpperCase(),
      signature.slice(1),
      `${signature}0`,
      ` ${signature}`,
      `${signature}\n`,
      // Each of these has the low byte of the digit that it replaces.
      [...signature].map((digit) => String.fromCharCode(digit.charCodeAt(0) + 256)).join(''),
    ];
    for (const spelling of spellings) {
      expect(verifyChannelAuth(app, '1.2', 'private-a', `${key}:${spelling}`, null)).toHaveProperty(
        'refused',
      );
    }
  });

  test('of two keys that the app has at once', () => {
    const rotating = appWith('5', ['old', 'old-secret'], ['new', 'new-secret']);
    for (const each of rotating.keys.values()) {
      expect(
        verifyChannelAuth(rotating, '1.2', 'private-a', signChannel(each, '1.2', 'private-a', null), null),
      ).toEqual({ ok: true });
    }
    const mixed = `old:${signChannel(new AppKey('new', 'new-secret'), '1.2', 'private-a', null).slice(4)}`;
    expect(verifyChannelAuth(rotating, '1.2', 'private-a', mixed, null)).toHaveProperty('refused');
  });
});

describe('user signatures', () => {
  const vectors: [socketId: string, userData: string, hex: string][] = [
    ['1234.1234', '{"id":"12345"}', '4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba'],
    [
      '1.2',
      '{"id":"u1","n":"\\u00e9\\/"}',
      'b8edec7a48ffe8ae7f208be3185ff3d776748ec41e7eb304dcd6bb8b09516634',
    ],
    [
      '1.2',
      '{"id": "u1", "n": "\\u00e9/"}',
      '2b663a9b97646562715fe2e27676d3f25acda77d7337aaf89fd2aa1f7d950021',
    ],
    ['1.2', '{"id":"u1","n":"é/"}', 'f20d71ddb889a9b68db4baf37bbcc565d80d11fb64d8be19bae529e37a028da9'],
  ];
  for (const [socketId, userData, hex] of vectors) {
    test(userData, () =>
      expect(verifyUserAuth(app, socketId, `${key}:${hex}`, userData)).toEqual({ ok: true }),
    );
  }

  test('a wrong one, and a key of another app', () => {
    const wrong = 'f'.repeat(64);
    expect(verifyUserAuth(app, '1.2', `${key}:${wrong}`, '{"id":"u1"}')).toEqual({
      refused: `Invalid signature: Expected HMAC SHA256 hex digest of 1.2::user::{"id":"u1"}, but got ${wrong}`,
    });
    expect(verifyUserAuth(app, '1.2', `other-key:${wrong}`, '{}')).toEqual({
      refused: "Invalid key in user auth data: 'other-key'",
    });
    expect(verifyUserAuth(app, '1.2', 'nothing', '{}')).toEqual({
      refused: "Invalid key in user auth data: 'nothing'",
    });
  });
});

const encoder = new TextEncoder();

interface Sent {
  method?: string;
  path?: string;
  query: string;
  body?: string;
  nowSeconds?: number;
}

/** As the API does: the app comes from the path. */
function verify({
  method = 'GET',
  path = '/apps/3/channels',
  query,
  body = '',
  nowSeconds = 1353088179,
}: Sent) {
  const id = /^\/apps\/([^/]+)/.exec(path)?.[1];
  const named = [app, other].find((each) => each.id === id);
  return verifyRequest({ app: named, lookup, method, path, query, body: encoder.encode(body), nowSeconds });
}

function refusalOf(sent: Sent): string {
  const verdict = verify(sent);
  return 'ok' in verdict ? 'let in' : `${verdict.status} ${verdict.message}`;
}

describe('request signatures: the vectors of the protocol', () => {
  const post = { method: 'POST', auth: `auth_key=${key}&auth_timestamp=1353088179&auth_version=1.0` };
  const vectors: (Sent & { name: string })[] = [
    {
      name: 'publish',
      method: 'POST',
      path: '/apps/3/events',
      body: '{"name":"foo","channels":["project-3"],"data":"{\\"some\\":\\"data\\"}"}',
      query: `${post.auth}&body_md5=ec365a775a4cd0599faeb73354201b6f&auth_signature=da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c`,
    },
    {
      name: 'batch',
      method: 'POST',
      path: '/apps/3/batch_events',
      body: '{"batch":[{"channel":"a","name":"e1","data":"{}"},{"channel":"b","name":"e2","data":"x","socket_id":"1.2"}]}',
      query: `${post.auth}&body_md5=37fb36dca283150f15ada498a29930ab&auth_signature=e805de608873c18ea44719ded3e4543cceee26a97416cf6457d84f4a0b6a1b75`,
    },
    {
      name: 'list with filter and info',
      query: `${post.auth}&filter_by_prefix=presence-&info=user_count,subscription_count&auth_signature=ff97d40ab3fbbd15394386a29c12998c33635305357b2e2abd18dc67efe3f87d`,
    },
    {
      name: 'list with the body_md5 of nothing',
      query: `${post.auth}&body_md5=d41d8cd98f00b204e9800998ecf8427e&auth_signature=5c3cd75022c4f62c35ad22f6a9cce366c860477a3b7092ca790ecfc17e6af302`,
    },
    {
      name: 'terminate',
      method: 'POST',
      path: '/apps/3/users/a@b/terminate_connections',
      body: '{}',
      query: `${post.auth}&body_md5=99914b932bd37a50b983c5e7c90ae93b&auth_signature=8fa86d1a5cc2d4eb3d5a3738edb7e5165bbeefbd422e96887eab6eaf7f520793`,
    },
    {
      name: 'terminate without app',
      method: 'POST',
      path: '/users/u1/terminate_connections',
      body: '{}',
      query: `${post.auth}&body_md5=99914b932bd37a50b983c5e7c90ae93b&auth_signature=951df0dd95b7293cb933db797fbe24dec9df2e649bb6bc5e47b5517c2dda9b49`,
    },
  ];
  for (const { name, ...sent } of vectors) {
    test(name, () => expect(verify(sent)).toMatchObject({ ok: true, app }));
  }
});

describe('request signatures: recorded requests of unmodified libraries', () => {
  const file = new URL('../../../protocol/src/recorded-requests.jsonl', import.meta.url);
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  test('there are 38', () => expect(lines).toHaveLength(38));
  for (const [index, line] of lines.entries()) {
    const { lib, method, target, body } = JSON.parse(line) as Record<string, string>;
    test(`${index + 1}: ${lib} ${method} ${target?.split('?')[0]}`, () => {
      const [path = '', query = ''] = target?.split('?') ?? [];
      const nowSeconds = Number(new URLSearchParams(query).get('auth_timestamp'));
      const sent = { method: method ?? '', path, query, body: body ?? '', nowSeconds };
      expect(verify(sent)).toMatchObject({ ok: true, app });
      expect(refusalOf({ ...sent, body: `${sent.body} ` })).toStartWith('401 ');
      expect(refusalOf({ ...sent, path: `${path}/` })).toStartWith('401 Invalid signature');
      expect(refusalOf({ ...sent, nowSeconds: nowSeconds + 600 })).toStartWith('401 Timestamp expired');
    });
  }
});

/** A query that is right for the request, its parameters as a list. */
function signed(sent: Omit<Sent, 'query'> & { params?: QueryParams; with?: AppKey } = {}): string {
  const { method = 'GET', path = '/apps/3/channels', body = '', params = [], nowSeconds = 1353088179 } = sent;
  return signRequest({ key: sent.with ?? app.oldestKey, method, path, params, body, nowSeconds });
}

function without(query: string, name: string): string {
  return query
    .split('&')
    .filter((pair) => !pair.startsWith(`${name}=`))
    .join('&');
}

describe('request signatures: what is refused, and how', () => {
  test('missing, unknown and foreign keys', () => {
    expect(refusalOf({ query: '' })).toBe('401 Missing parameter: auth_key');
    expect(refusalOf({ query: 'auth_key=' })).toBe('401 Missing parameter: auth_key');
    expect(refusalOf({ query: signed().replace(key, 'nobody') })).toBe('401 Unknown auth_key');
    for (const name of ['__proto__', 'constructor']) {
      expect(refusalOf({ query: signed().replace(key, name) })).toBe('401 Unknown auth_key');
    }
    const foreign = signed({ with: other.oldestKey });
    expect(refusalOf({ query: foreign })).toBe('401 Unknown auth_key');
    const path = '/users/u1/terminate_connections';
    const own = signed({ path, with: other.oldestKey });
    expect(verify({ path, query: own })).toMatchObject({ ok: true, app: other });
  });

  test('versions', () => {
    expect(refusalOf({ query: without(signed(), 'auth_version') })).toBe('401 Version required');
    for (const version of ['1', '1.1', '2.0']) {
      const query = signed().replace('auth_version=1.0', `auth_version=${version}`);
      expect(refusalOf({ query })).toBe('401 Version not supported');
    }
  });

  test('timestamps: 599 seconds off pass, 600 do not, in both directions', () => {
    expect(refusalOf({ query: without(signed(), 'auth_timestamp') })).toBe('401 Timestamp required');
    const query = signed();
    for (const off of [-599, 0, 599])
      expect(verify({ query, nowSeconds: 1353088179 + off })).toHaveProperty('ok');
    expect(refusalOf({ query, nowSeconds: 1353088179 + 600 })).toBe(
      '401 Timestamp expired: Given timestamp (2012-11-16T17:49:39Z) not within 600s of server time (2012-11-16T17:59:39Z)',
    );
    expect(refusalOf({ query, nowSeconds: 1353088179 - 600 })).toStartWith('401 Timestamp expired');
  });

  test('timestamps that are no numbers, or out of all bounds', () => {
    for (const timestamp of ['now', '-1', '1e9', '9'.repeat(12), '9'.repeat(400), '0x1', '1353088179.5']) {
      const query = signed().replace('1353088179', timestamp);
      expect(refusalOf({ query })).toStartWith('401 Timestamp expired: Given timestamp (');
    }
  });

  test('a wrong signature is answered with the string to sign and what was sent', () => {
    const query = signed().replace(/auth_signature=.*/, 'auth_signature=abc');
    expect(refusalOf({ query })).toBe(
      '401 Invalid signature: you should have sent HmacSHA256Hex("GET\\n/apps/3/channels\\nauth_key=278d425bdf160c739803' +
        '&auth_timestamp=1353088179&auth_version=1.0", your_secret_key), but you sent "abc"',
    );
    expect(refusalOf({ query: without(signed(), 'auth_signature') })).toEndWith('but you sent ""');
  });

  test('another method, path, parameter or body', () => {
    const sent = { method: 'POST', path: '/apps/3/events', body: '{"a":1}' };
    const query = signed(sent);
    expect(verify({ ...sent, query })).toHaveProperty('ok');
    expect(refusalOf({ ...sent, method: 'PUT', query })).toStartWith('401 Invalid signature');
    expect(refusalOf({ ...sent, path: '/apps/3/batch_events', query })).toStartWith('401 Invalid signature');
    expect(refusalOf({ ...sent, query: `${query}&socket_id=1.2` })).toStartWith('401 Invalid signature');
    const md5 = new Bun.CryptoHasher('md5').update('{"a":2}').digest('hex');
    expect(refusalOf({ ...sent, body: '{"a":2}', query })).toBe(
      `401 Invalid body_md5: the MD5 of the received body is ${md5}`,
    );
  });

  test('a body without body_md5, and a wrong body_md5 without a body', () => {
    expect(refusalOf({ method: 'POST', query: signed({ method: 'POST' }), body: '{}' })).toBe(
      '401 Missing parameter: body_md5',
    );
    const params: QueryParams = [['body_md5', '0'.repeat(32)]];
    expect(refusalOf({ query: signed({ params }) })).toStartWith('401 Invalid body_md5');
  });

  test('an app that does not exist: 404, whatever key is used', () => {
    const path = '/apps/9/channels';
    expect(refusalOf({ path, query: signed({ path }) })).toBe('404 Could not find app by id 9');
    expect(refusalOf({ path, query: '' })).toBe('404 Could not find app by id 9');
  });

  test('an app that is disabled: 403, but only for those who have its secret', () => {
    const disabled = appWith('3', [key, secret]);
    disabled.settings = { ...disabled.settings, enabled: false };
    const request = {
      app: disabled,
      lookup,
      method: 'GET',
      path: '/apps/3/channels',
      body: new Uint8Array(),
    };
    const nowSeconds = 1353088179;
    expect(verifyRequest({ ...request, query: signed(), nowSeconds })).toEqual({
      status: 403,
      message: 'App disabled',
    });
    expect(verifyRequest({ ...request, query: '', nowSeconds })).toMatchObject({ status: 401 });
  });

  test('two keys are valid at once', () => {
    const rotating = appWith('3', ['old', 'old-secret'], ['new', 'new-secret']);
    for (const each of rotating.keys.values()) {
      const query = signed({ with: each });
      const request = {
        app: rotating,
        lookup,
        method: 'GET',
        path: '/apps/3/channels',
        body: new Uint8Array(),
      };
      expect(verifyRequest({ ...request, query, nowSeconds: 1353088179 })).toHaveProperty('ok');
    }
  });
});

describe('request signatures: every form of a right one', () => {
  const params: QueryParams = [
    ['filter_by_prefix', 'presence-'],
    ['info', 'user_count,subscription_count'],
    ['channels[]', 'b'],
    ['channels[]', 'a'],
  ];
  const nowSeconds = 1353088179;

  test('parameters in any order, names in any case, values encoded or not', () => {
    const sent = [...new URLSearchParams(signed({ params }))];
    fc.assert(
      fc.property(
        fc.shuffledSubarray(sent, { minLength: sent.length }).filter((order) => {
          // Equal names keep their order: that of the values means something.
          const channels = order.filter(([name]) => name === 'channels[]').map(([, value]) => value);
          return channels.join() === 'b,a';
        }),
        fc.array(fc.boolean(), { minLength: sent.length, maxLength: sent.length }),
        fc.array(fc.boolean(), { minLength: sent.length, maxLength: sent.length }),
        (order, upperCase, encoded) => {
          const query = order
            .map(([name, value], index) => {
              const spelled = upperCase[index] ? name.toUpperCase() : name;
              return `${spelled}=${encoded[index] ? encodeURIComponent(value) : value}`;
            })
            .join('&');
          expect(verify({ query, nowSeconds })).toMatchObject({ ok: true });
        },
      ),
      { numRuns },
    );
  });

  test('the parameters come back decoded, in the order of the request', () => {
    const verdict = verify({ query: signed({ params }) });
    expect('ok' in verdict && verdict.params.slice(0, 4)).toEqual([...params]);
  });

  test('a path that the HTTP stack has encoded after it was signed', () => {
    const user = 'Zoë 1@x;y';
    const path = `/apps/3/users/${user}/terminate_connections`;
    const query = signed({ path, method: 'POST', body: '{}' });
    for (const sentPath of [encodeURI(path), path, path.replace(' ', '%20')]) {
      expect(verify({ method: 'POST', path: sentPath, query, body: '{}' })).toMatchObject({ ok: true });
    }
  });

  test('a path that was encoded before it was signed', () => {
    const path = '/apps/3/users/Zo%C3%AB/terminate_connections';
    expect(verify({ path, query: signed({ path }) })).toMatchObject({ ok: true });
  });

  test('a path that cannot be decoded is only tried as it is', () => {
    const path = '/apps/3/users/100%/terminate_connections';
    expect(verify({ path, query: signed({ path }) })).toMatchObject({ ok: true });
    expect(refusalOf({ path, query: signed() })).toStartWith('401 Invalid signature');
  });

  test('blanks as plus or as %20', () => {
    const query = signed({ params: [['name', 'a b']] });
    expect(query).toContain('name=a+b');
    for (const each of [query, query.replace('+', '%20')])
      expect(verify({ query: each })).toMatchObject({ ok: true });
  });
});

describe('garbage', () => {
  const nowSeconds = 1353088179;
  const names = fc.constantFrom(
    'auth_key',
    'auth_timestamp',
    'auth_version',
    'auth_signature',
    'body_md5',
    'AUTH_KEY',
    '',
  );
  const values = fc.oneof(
    fc.string(),
    fc.constantFrom(key, '1.0', String(nowSeconds), '0'.repeat(64), '%', '%zz', '%00'),
  );
  const pairs = fc.array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.tuple(names, values).map((pair) => pair.join('=')),
    ),
  );

  test('no query makes it throw or lets anybody in, and no answer holds the right signature or the secret', () => {
    fc.assert(
      fc.property(pairs, fc.string(), fc.string(), (parts, pathEnd, body) => {
        const path = `/apps/3/${pathEnd}`;
        const query = parts.join('&');
        const verdict = verify({ method: 'POST', path, query, body, nowSeconds });
        if ('ok' in verdict) throw new Error('let in');
        expect(verdict.message).not.toContain(secret);
        const params = [...new URLSearchParams(query)];
        for (const signedPath of [path, decodeURI(encodeURI(path))]) {
          const text = requestStringToSign('POST', signedPath, params);
          expect(verdict.message).not.toContain(createHmac('sha256', secret).update(text).digest('hex'));
        }
      }),
      { numRuns },
    );
  });

  test('no change of one character leaves a request valid, except those that mean the same', () => {
    const sent = { method: 'POST', path: '/apps/3/events', body: '{"a":1}' };
    const query = signed(sent);
    fc.assert(
      fc.property(fc.nat(query.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (at, character) => {
        const changed = query.slice(0, at) + character + query.slice(at + 1);
        const meaning = (text: string) =>
          [...new URLSearchParams(text)]
            .map(([name, value]) => `${name.toLowerCase()}=${value}`)
            .sort()
            .join('\n');
        const verdict = verify({ ...sent, query: changed, nowSeconds });
        expect('ok' in verdict).toBe(meaning(changed) === meaning(query));
      }),
      { numRuns },
    );
  });
});
