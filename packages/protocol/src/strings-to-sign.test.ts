import { describe, expect, test } from 'bun:test';
import { createHash, createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  channelStringToSign,
  isSocketId,
  parseAuth,
  requestStringToSign,
  userStringToSign,
} from './strings-to-sign.ts';

const key = '278d425bdf160c739803';
const secret = '7ad3773142a6692b25b8';

function sign(text: string): string {
  return createHmac('sha256', secret).update(text).digest('hex');
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}

describe('PRIV-1, USER-1: channels and users, literal vectors', () => {
  const channels: [string, string, string | null, string, string][] = [
    [
      '1234.1234',
      'private-foobar',
      null,
      '1234.1234:private-foobar',
      '58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4',
    ],
    [
      '1234.1234',
      'presence-foobar',
      '{"user_id":10,"user_info":{"name":"Mr. Pusher"}}',
      '1234.1234:presence-foobar:{"user_id":10,"user_info":{"name":"Mr. Pusher"}}',
      'afaed3695da2ffd16931f457e338e6c9f2921fa133ce7dac49f529792be6304c',
    ],
    [
      '1234.1234',
      'presence-foobar',
      '{"user_id":10,"user_info":{"name":"Mr. Channels"}}',
      '1234.1234:presence-foobar:{"user_id":10,"user_info":{"name":"Mr. Channels"}}',
      '31935e7d86dba64c2a90aed31fdc61869f9b22ba9d8863bba239c03ca481bc80',
    ],
    [
      '1234.1234',
      'private-encrypted-z',
      null,
      '1234.1234:private-encrypted-z',
      'ee05c49f9bc1de3ec371817eea23dff9d17552b90bd8e510a88e7d8e7976e866',
    ],
    [
      '1.2',
      'presence-a',
      '{"user_id":"7","user_info":{"n":"x"}}',
      '1.2:presence-a:{"user_id":"7","user_info":{"n":"x"}}',
      'cd1315c2de117f82de864c752eae8a57cee83693511fbff2797aa4e4c945c6ed',
    ],
    [
      '1.2',
      'presence-a',
      '{"user_id": "7"}',
      '1.2:presence-a:{"user_id": "7"}',
      'f5c6cd4d49e5d47f9492803a3e05d3663e95a5bca9efcaf8ba69aeb06a88b822',
    ],
    [
      '1.2',
      'presence-a',
      '{"user_id":"7"}',
      '1.2:presence-a:{"user_id":"7"}',
      '4db9bfd349308f63f4a3ea2a3a72767dabf86a0926725108d8f781a968fbd6be',
    ],
    [
      '1.2',
      'private-encrypted-z',
      null,
      '1.2:private-encrypted-z',
      'e051ac71cd9043d33b536735a3d3c7d48fc2df664de5b80bd1739d6a930191ac',
    ],
  ];
  for (const [socketId, channel, channelData, stringToSign, signature] of channels) {
    test(stringToSign, () => {
      expect(channelStringToSign(socketId, channel, channelData)).toBe(stringToSign);
      expect(sign(stringToSign)).toBe(signature);
    });
  }

  const users: [string, string, string, string][] = [
    [
      '1234.1234',
      '{"id":"12345"}',
      '1234.1234::user::{"id":"12345"}',
      '4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba',
    ],
    [
      '1.2',
      '{"id":"u1","n":"\\u00e9\\/"}',
      '1.2::user::{"id":"u1","n":"\\u00e9\\/"}',
      'b8edec7a48ffe8ae7f208be3185ff3d776748ec41e7eb304dcd6bb8b09516634',
    ],
    [
      '1.2',
      '{"id": "u1", "n": "\\u00e9/"}',
      '1.2::user::{"id": "u1", "n": "\\u00e9/"}',
      '2b663a9b97646562715fe2e27676d3f25acda77d7337aaf89fd2aa1f7d950021',
    ],
    [
      '1.2',
      '{"id":"u1","n":"é/"}',
      '1.2::user::{"id":"u1","n":"é/"}',
      'f20d71ddb889a9b68db4baf37bbcc565d80d11fb64d8be19bae529e37a028da9',
    ],
  ];
  for (const [socketId, userData, stringToSign, signature] of users) {
    test(stringToSign, () => {
      expect(userStringToSign(socketId, userData)).toBe(stringToSign);
      expect(sign(stringToSign)).toBe(signature);
    });
  }
});

describe('the shared secrets of encrypted channels, literal vectors', () => {
  test.each([
    [
      'private-encrypted-z',
      Buffer.alloc(32, 1).toString('base64'),
      '7UG7tAPTCAcaEj8VH4taFo/Liw+Zulx/G6rFL/n9Qsw=',
    ],
    [
      'private-encrypted-bla',
      'zyrm8pvV2C9fJcBfhyXzvxbJVN/H7QLmbe0xJi1GhPU=',
      'nlr49ISQHz91yS3cy/yWmW8wFMNeTnNL5tNHnbPJcLQ=',
    ],
  ])('%s', (channel, masterKey, sharedSecret) => {
    const hash = createHash('sha256').update(channel).update(Buffer.from(masterKey, 'base64'));
    expect(hash.digest('base64')).toBe(sharedSecret);
  });
});

describe('SIGN-1, SIGN-2: API requests, literal vectors', () => {
  const always: [string, string][] = [
    ['auth_key', key],
    ['auth_timestamp', '1353088179'],
    ['auth_version', '1.0'],
  ];
  const list = '/apps/3/channels';
  const requests: [string, string, string | null, [string, string][], string][] = [
    [
      'POST',
      '/apps/3/events',
      '{"name":"foo","channels":["project-3"],"data":"{\\"some\\":\\"data\\"}"}',
      [['body_md5', 'ec365a775a4cd0599faeb73354201b6f']],
      'da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c',
    ],
    [
      'POST',
      '/apps/3/batch_events',
      '{"batch":[{"channel":"a","name":"e1","data":"{}"},{"channel":"b","name":"e2","data":"x","socket_id":"1.2"}]}',
      [['body_md5', '37fb36dca283150f15ada498a29930ab']],
      'e805de608873c18ea44719ded3e4543cceee26a97416cf6457d84f4a0b6a1b75',
    ],
    [
      'GET',
      list,
      null,
      [
        ['filter_by_prefix', 'presence-'],
        ['info', 'user_count,subscription_count'],
      ],
      'ff97d40ab3fbbd15394386a29c12998c33635305357b2e2abd18dc67efe3f87d',
    ],
    [
      'GET',
      list,
      '',
      [['body_md5', 'd41d8cd98f00b204e9800998ecf8427e']],
      '5c3cd75022c4f62c35ad22f6a9cce366c860477a3b7092ca790ecfc17e6af302',
    ],
    [
      'POST',
      '/apps/3/users/a@b/terminate_connections',
      '{}',
      [['body_md5', '99914b932bd37a50b983c5e7c90ae93b']],
      '8fa86d1a5cc2d4eb3d5a3738edb7e5165bbeefbd422e96887eab6eaf7f520793',
    ],
    [
      'POST',
      '/users/u1/terminate_connections',
      '{}',
      [['body_md5', '99914b932bd37a50b983c5e7c90ae93b']],
      '951df0dd95b7293cb933db797fbe24dec9df2e649bb6bc5e47b5517c2dda9b49',
    ],
  ];
  for (const [method, path, body, own, signature] of requests) {
    test(`${method} ${path} ${own.map(([name]) => name)}`, () => {
      for (const [name, value] of own) if (name === 'body_md5') expect(md5(body ?? '')).toBe(value);
      const params: [string, string][] = [...always, ...own];
      expect(sign(requestStringToSign(method, path, params))).toBe(signature);
      const anyOrder: [string, string][] = [['auth_signature', 'x'], ...params.toReversed()];
      expect(sign(requestStringToSign(method.toLowerCase(), path, anyOrder))).toBe(signature);
    });
  }

  test('names become lower case before they are sorted, and repeated ones keep their order', () => {
    expect(
      requestStringToSign('post', '/apps/1/events', [
        ['channels[]', 'b'],
        ['Auth_Key', 'k'],
        ['channels[]', 'a'],
        ['AUTH_SIGNATURE', 's'],
        ['a', '=&'],
      ]),
    ).toBe('POST\n/apps/1/events\na==&&auth_key=k&channels[]=b&channels[]=a');
  });
});

describe('SIGN-9: recorded requests of the unmodified libraries', () => {
  const lines = readFileSync(new URL('./recorded-requests.jsonl', import.meta.url), 'utf8')
    .trim()
    .split('\n');
  test('all are there', () => expect(lines.length).toBe(38));
  for (const line of lines) {
    const { lib, method, target, body } = JSON.parse(line);
    test(`${lib} ${method} ${target.slice(0, 50)}`, () => {
      const [path, query] = target.split('?');
      const params: [string, string][] = query.split('&').map((pair: string) => {
        const equals = pair.indexOf('=');
        return [pair.slice(0, equals), decodeURIComponent(pair.slice(equals + 1))];
      });
      const given = new Map(params);
      expect(given.get('body_md5') ?? md5('')).toBe(md5(body));
      expect(sign(requestStringToSign(method, path, params))).toBe(
        given.get('auth_signature') ?? 'none given',
      );
    });
  }
});

describe('parts', () => {
  test('auth is key and signature', () => {
    expect(parseAuth('KEY:SIG')).toEqual({ key: 'KEY', signature: 'SIG' });
    expect(parseAuth('KEY:a:b')).toEqual({ key: 'KEY', signature: 'a:b' });
    for (const auth of ['', ':', 'KEY', 'KEY:', ':SIG']) expect(parseAuth(auth)).toBeNull();
  });

  test('socket ids', () => {
    for (const id of ['1.2', '123456789.987654321', '0.0']) expect(isSocketId(id)).toBe(true);
    for (const id of ['', '1', '1.', '.2', '1.2.3', '1.2\n', ' 1.2', 'a.b', '-1.2', '١.٢', '1,2']) {
      expect(isSocketId(id)).toBe(false);
    }
  });
});
