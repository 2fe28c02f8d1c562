import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { type ClientMessage, parseClientMessage } from './messages-in.ts';

function refusal(text: string): string {
  const message = parseClientMessage(text);
  if (message.type !== 'refused') throw new Error(`${text} was taken: ${JSON.stringify(message)}`);
  return message.message;
}

describe('messages that clients send', () => {
  // As stock pusher-js sends them, and in the spellings of other clients.
  const frames: [string, ClientMessage][] = [
    ['{"event":"pusher:ping","data":{}}', { type: 'ping' }],
    ['{"event":"pusher:ping"}', { type: 'ping' }],
    ['{"event":"pusher:pong","data":{}}', { type: 'pong' }],
    [
      '{"event":"pusher:subscribe","data":{"auth":"","channel":"news"}}',
      { type: 'subscribe', channel: 'news', auth: null, channelData: null },
    ],
    [
      '{"event":"pusher:subscribe","data":{"channel":"news"}}',
      { type: 'subscribe', channel: 'news', auth: null, channelData: null },
    ],
    [
      '{"event":"pusher:subscribe","data":{"auth":null,"channel_data":null,"channel":"news"}}',
      { type: 'subscribe', channel: 'news', auth: null, channelData: null },
    ],
    [
      '{"event":"pusher:subscribe","data":{"auth":"KEY:SIG","channel":"private-a","channel_data":""}}',
      { type: 'subscribe', channel: 'private-a', auth: 'KEY:SIG', channelData: null },
    ],
    [
      '{"event":"pusher:subscribe","data":{"auth":"KEY:SIG","channel_data":"{\\"user_id\\":\\"1\\"}","channel":"presence-a"}}',
      { type: 'subscribe', channel: 'presence-a', auth: 'KEY:SIG', channelData: '{"user_id":"1"}' },
    ],
    [
      '{"data":"{\\"channel\\":\\"news\\"}","event":"pusher:subscribe"}',
      { type: 'subscribe', channel: 'news', auth: null, channelData: null },
    ],
    ['{"event":"pusher:unsubscribe","data":{"channel":"news"}}', { type: 'unsubscribe', channel: 'news' }],
    [
      '{"event":"pusher:signin","data":{"auth":"KEY:SIG","user_data":"{\\"id\\":\\"u1\\"}"}}',
      { type: 'signin', auth: 'KEY:SIG', userData: '{"id":"u1"}' },
    ],
    [
      '{"event":"client-typing","data":{"x":1},"channel":"private-a"}',
      { type: 'client-event', event: 'client-typing', channel: 'private-a', data: '{"x":1}' },
    ],
    [
      '{"event":"client-typing","channel":"private-a","user_id":"forged"}',
      { type: 'client-event', event: 'client-typing', channel: 'private-a', data: null },
    ],
    [
      '{"event":"client-typing","channel":"private-a","data":null}',
      { type: 'client-event', event: 'client-typing', channel: 'private-a', data: 'null' },
    ],
  ];
  for (const [text, message] of frames) {
    test(JSON.stringify(text), () => expect(parseClientMessage(text)).toEqual(message));
  }
});

describe('BAD-2: messages that are refused', () => {
  test.each([
    '',
    'x',
    '{',
    '{"event":"pusher:ping"',
    "{'event':1}",
    '\ufeff{"event":"pusher:ping"}',
    '{} {}',
  ])('%j is not JSON', (text) =>
    expect(refusal(text)).toBe('Expected a message in JSON, found something else'),
  );

  test.each([
    'null',
    '1',
    '"pusher:ping"',
    '[]',
    '[{"event":"pusher:ping"}]',
    '{}',
    '{"event":1}',
    '{"event":null}',
    '{"event":["pusher:ping"]}',
    '{"__proto__":{"event":"pusher:ping"}}',
    '{"constructor":{"prototype":{"event":"pusher:ping"}}}',
  ])('%s has no event', (text) => expect(refusal(text)).toBe('Expected a JSON object with a string "event"'));

  test.each([
    'pusher:foo',
    'pusher_internal:member_added',
    'pusher:error',
    'message',
    '',
    'client',
    '__proto__',
    'toString',
  ])('the event %j is not for clients', (event) =>
    expect(refusal(JSON.stringify({ event, channel: 'private-a', data: {} }))).toBe(
      `Unsupported event received on socket: ${event}`,
    ),
  );

  test('an event name is not echoed without bound', () => {
    const echoed = (event: string) =>
      refusal(JSON.stringify({ event })).slice('Unsupported event received on socket: '.length);
    expect(echoed('x'.repeat(200))).toBe('x'.repeat(200));
    expect(echoed('x'.repeat(100_000))).toBe(`${'x'.repeat(200)}…`);
  });

  test.each([
    ['{"event":"pusher:subscribe"}', 'Missing parameter: data.channel'],
    ['{"event":"pusher:subscribe","data":{}}', 'Missing parameter: data.channel'],
    ['{"event":"pusher:subscribe","data":"no json"}', 'Missing parameter: data.channel'],
    ['{"event":"pusher:subscribe","data":["news"]}', 'Missing parameter: data.channel'],
    ['{"event":"pusher:subscribe","data":{"channel":""}}', 'Missing parameter: data.channel'],
    [
      '{"event":"pusher:subscribe","data":{"__proto__":{"channel":"news"}}}',
      'Missing parameter: data.channel',
    ],
    ['{"event":"pusher:subscribe","data":{"channel":7}}', 'Invalid parameter: data.channel must be a string'],
    [
      '{"event":"pusher:subscribe","data":{"channel":"a","auth":{}}}',
      'Invalid parameter: data.auth must be a string',
    ],
    [
      '{"event":"pusher:subscribe","data":{"channel":"a","channel_data":{"user_id":"1"}}}',
      'Invalid parameter: data.channel_data must be a string',
    ],
    ['{"event":"pusher:unsubscribe","data":{}}', 'Missing parameter: data.channel'],
    [
      '{"event":"pusher:unsubscribe","data":{"channel":[]}}',
      'Invalid parameter: data.channel must be a string',
    ],
    ['{"event":"pusher:signin","data":{"user_data":"{}"}}', 'Missing parameter: data.auth'],
    ['{"event":"pusher:signin","data":{"auth":"K:S"}}', 'Missing parameter: data.user_data'],
    [
      '{"event":"pusher:signin","data":{"auth":"K:S","user_data":{}}}',
      'Invalid parameter: data.user_data must be a string',
    ],
    ['{"event":"client-a","data":{}}', 'Missing parameter: channel'],
    ['{"event":"client-a","data":{},"channel":{}}', 'Invalid parameter: channel must be a string'],
  ])('%s', (text, message) => expect(refusal(text)).toBe(message));

  test('nesting: 32 levels pass, the 33rd does not, brackets in strings do not count', () => {
    // The frame's own object is the first level. `beside` makes brackets enough that counting them does not tell.
    const nested = (levels: number, [open, close]: [string, string], beside: string) =>
      `{"event":"client-a","channel":"private-a","x":${beside},"data":${open.repeat(levels - 1)}0${close.repeat(levels - 1)}}`;
    for (const brackets of [
      ['[', ']'],
      ['{"a":', '}'],
      ['[{"a":[', ']}]'],
    ] as [string, string][]) {
      for (const beside of ['0', `[${'{},[],'.repeat(50)}0]`]) {
        const perRepeat = brackets[1].length;
        const passes = 1 + Math.floor(31 / perRepeat);
        expect(parseClientMessage(nested(passes, brackets, beside)).type).toBe('client-event');
        expect(refusal(nested(passes + 1, brackets, beside))).toBe(
          'Expected JSON that nests at most 32 levels deep, found deeper',
        );
      }
    }
    const inString = JSON.stringify({
      event: 'client-a',
      channel: 'private-a',
      data: `\\"${'[{'.repeat(100)}`,
    });
    expect(parseClientMessage(inString).type).toBe('client-event');
    const wide = JSON.stringify({ event: 'client-a', channel: 'private-a', data: Array(100).fill([{}]) });
    expect(parseClientMessage(wide).type).toBe('client-event');
  });

  test('deep nesting in data that is JSON text is bounded as well', () => {
    const data = `{"channel":${'['.repeat(50)}${']'.repeat(50)}}`;
    expect(refusal(JSON.stringify({ event: 'pusher:subscribe', data }))).toBe(
      'Missing parameter: data.channel',
    );
  });
});

describe('CLIENT-3: data of client events is kept as it was written', () => {
  const cases: [string, string][] = [
    ['{"event":"client-a","channel":"c","data":12345678901234567890.10}', '12345678901234567890.10'],
    ['{"event":"client-a","channel":"c","data":-1e5 }', '-1e5'],
    ['{"event":"client-a","channel":"c","data":true\n}', 'true'],
    ['{"event":"client-a","channel":"c","data":{"b":1,"a":2,"a":3}}', '{"b":1,"a":2,"a":3}'],
    ['{"event":"client-a","channel":"c","data": { "x" : [ 1 , 2 ] } }', '{ "x" : [ 1 , 2 ] }'],
    ['{"event":"client-a","channel":"c","data":"\\u00e9\\/\\"}"}', '"\\u00e9\\/\\"}"'],
    ['{"event":"client-a","channel":"c","data":"\\\\"}', '"\\\\"'],
    ['{"event":"client-a","channel":"c","data":"\u2028\u{1f600}"}', '"\u2028\u{1f600}"'],
    // The member of the outer object counts, and of several the last, as for every JSON parser.
    ['{"x":{"data":1},"event":"client-a","channel":"c","data":2,"y":{"data":3}}', '2'],
    ['{"data":1,"event":"client-a","data":[2],"channel":"c"}', '[2]'],
    ['{"data":1,"event":"client-a","d\\u0061ta":3,"channel":"c"}', '3'],
    ['{"event":"client-a","channel":"c","dat\\u0062":0,"data":""}', '""'],
    ['{"event":"client-a","channel":"c","x":"\\"data\\":5","data":4}', '4'],
    [
      '{"event":"client-a","channel":"c","__proto__":{"data":1},"data":{"__proto__":null}}',
      '{"__proto__":null}',
    ],
    [' \t\r\n{ "event" : "client-a" , "channel" : "c" , "data" : [ ] } ', '[ ]'],
  ];
  for (const [text, data] of cases) {
    test(JSON.stringify(text), () => {
      expect(parseClientMessage(text)).toEqual({
        type: 'client-event',
        event: 'client-a',
        channel: 'c',
        data,
      });
    });
  }
});

/** A JSON text of `value` as others might write it: blanks anywhere, any character as an escape. */
function spelled(value: unknown, random: () => number): string {
  const blank = () => ['', '', ' ', '\n', '\t\r '][random() % 5] ?? '';
  if (Array.isArray(value)) {
    return `[${blank()}${value.map((item) => spelled(item, random) + blank()).join(`,${blank()}`)}]`;
  }
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(
      ([key, member]) =>
        `${blank()}${spelledString(key, random)}${blank()}:${blank()}${spelled(member, random)}${blank()}`,
    );
    return `{${members.join(',') || blank()}}`;
  }
  return typeof value === 'string' ? spelledString(value, random) : JSON.stringify(value);
}

function spelledString(text: string, random: () => number): string {
  let spelt = '';
  for (let i = 0; i < text.length; i++) {
    spelt +=
      random() % 4 === 0
        ? `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`
        : JSON.stringify(text[i]).slice(1, -1);
  }
  return `"${spelt}"`;
}

/** Any text at all, lone halves of surrogate pairs included. */
const anyText = fc.string({
  unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
});
const key = fc.oneof(
  fc.constantFrom(
    'event',
    'data',
    'channel',
    'auth',
    'channel_data',
    'user_data',
    '__proto__',
    'constructor',
    'dat',
    'data2',
  ),
  anyText,
);
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    anyText,
    fc.constantFrom(
      'pusher:ping',
      'pusher:subscribe',
      'pusher:signin',
      'client-a',
      null,
      true,
      -0.5,
      1e300,
      '',
    ),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
  ),
})).value;
const randoms = fc.infiniteStream(fc.nat()).map((stream) => () => stream.next().value as number);

describe('properties', () => {
  test('BAD-11: any text gives a message or a refusal, never an exception', () => {
    const structural = fc.string({
      unit: fc.constantFrom('{', '}', '[', ']', '"', '\\', ',', ':', '1', 'data', 'event', ' '),
    });
    const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => new TextDecoder().decode(array));
    const frame = fc.tuple(json, randoms).map(([value, random]) => spelled(value, random));
    fc.assert(
      fc.property(fc.oneof(anyText, structural, bytes, frame), (text) => {
        const message = parseClientMessage(text);
        expect(typeof message.type).toBe('string');
        if (message.type === 'refused') expect(message.message).not.toBe('');
      }),
      { numRuns: 5_000 },
    );
  });

  test('mutilated frames give a message or a refusal', () => {
    const good = '{"event":"client-a","channel":"private-a","data":{"a":[1,"\\"x\\\\",{"data":null}]}}';
    fc.assert(
      fc.property(fc.nat(good.length), fc.nat(good.length), anyText, (from, to, put) => {
        const text = good.slice(0, from) + put + good.slice(to);
        expect(typeof parseClientMessage(text).type).toBe('string');
      }),
      { numRuns: 5_000 },
    );
  });

  test('CLIENT-3: data comes out exactly as it was written, wherever it stands', () => {
    const others = fc.array(
      fc.tuple(
        key.filter((name) => !['event', 'channel', 'data'].includes(name)),
        json,
      ),
      {
        maxLength: 4,
      },
    );
    fc.assert(
      fc.property(json, others, others, fc.boolean(), randoms, (value, before, after, duplicate, random) => {
        const raw = spelled(value, random);
        const member = ([name, other]: [string, unknown]) =>
          `${spelledString(name, random)}: ${spelled(other, random)}`;
        const members = [
          ...before.map(member),
          ...(duplicate ? ['"data":{"data":0}'] : []),
          '"event":"client-a"',
          `${spelledString('data', random)} :\n${raw} `,
          '"channel":"private-a"',
          ...after.map(member),
        ];
        expect(parseClientMessage(`{${members.join(',')}}`)).toEqual({
          type: 'client-event',
          event: 'client-a',
          channel: 'private-a',
          data: raw,
        });
      }),
      { numRuns: 3_000 },
    );
  });

  test('large hostile texts are refused or read without being parsed twice over', () => {
    // Quadratic work on these would take minutes: the test ends or the runner's limit does.
    const n = 2_000_000;
    const texts = [
      '['.repeat(n),
      '{"a":'.repeat(n / 5),
      `{"event":"client-a","channel":"c","data":"${'\\"'.repeat(n / 2)}"}`,
      `{"event":"client-a","channel":"c","data":"${'\\\\'.repeat(n / 2)}"}`,
      `{"event":"client-a","channel":"c",${'"\\\\":1,'.repeat(n / 7)}"data":1}`,
      `{"event":"client-a","channel":"c",${'"data":1,'.repeat(n / 9)}"data":1}`,
      `{"event":"client-a","channel":"c","data":[${'{},'.repeat(n / 3)}1]}`,
      `${' '.repeat(n)}{`,
      `{${'"'.repeat(n)}`,
      `[{"${'\\'.repeat(n)}`,
    ];
    for (const text of texts) expect(typeof parseClientMessage(text).type).toBe('string');
  });
});
