import { describe, expect, test } from 'bun:test';
import { resolve } from 'node:path';
import { appSettingNames, appSettingRows, checkAppSettingValues } from './config/app-settings.ts';
import { serverSettingRows, type serverSettings } from './config/server-settings.ts';
import { appSettings, type Config, defaultAppSettings, readConfig } from './config.ts';

type Environment = Record<string, string>;

function configOf(env: Environment, argv: string[] = []): Config {
  const read = readConfig(argv, env);
  if (!('config' in read)) throw new Error(JSON.stringify(read));
  return read.config;
}

function errorsOf(env: Environment, argv: string[] = []): string[] {
  const read = readConfig(argv, env);
  return 'errors' in read ? read.errors : [];
}

/** For every setting: texts that are valid with the value they give, and texts that are not. */
const server: Record<keyof typeof serverSettings, { good: [string, unknown][]; bad: string[] }> = {
  host: {
    good: [
      ['0.0.0.0', '0.0.0.0'],
      ['::1', '::1'],
      ['localhost', 'localhost'],
    ],
    bad: ['http://localhost', 'localhost:80', '[::1]', 'a b'],
  },
  port: {
    good: [
      ['0', 0],
      ['65535', 65_535],
    ],
    bad: ['65536', '-1', '1.5', '0x50', '6001 ', 'http'],
  },
  path: {
    good: [
      ['/x', '/x'],
      ['/x/y-z/', '/x/y-z'],
      ['/', ''],
    ],
    bad: ['x', '/x//y', '/x?y', '/ä'],
  },
  publicUrl: {
    good: [
      ['https://example.com', 'https://example.com'],
      ['http://EXAMPLE.com:80/x/', 'http://example.com/x'],
    ],
    bad: ['example.com', 'ws://example.com', 'https://a:b@example.com', 'https://example.com?x', 'https://'],
  },
  trustedProxies: {
    good: [
      ['10.0.0.0/8, ::1', ['10.0.0.0/8', '::1']],
      [',', []],
    ],
    bad: ['10.0.0.0/33', 'proxy', '::1/129', '10.0.0.0/8/8', '10.0.0/8'],
  },
  tlsCert: { good: [], bad: [] },
  tlsKey: { good: [], bad: [] },
  tlsPort: { good: [], bad: ['x', '65536'] },
  dataDir: { good: [['/srv/earshot', '/srv/earshot']], bad: [] },
  chatFilesDir: {
    good: [
      ['/srv/files', '/srv/files'],
      ['files', resolve('files')],
    ],
    bad: [],
  },
  redisUrls: {
    good: [
      ['redis://127.0.0.1', ['redis://127.0.0.1']],
      [
        'redis://:p%40ss@[::1]:6379/2, rediss://u:p@redis.example.com',
        ['redis://:p%40ss@[::1]:6379/2', 'rediss://u:p@redis.example.com'],
      ],
    ],
    bad: ['127.0.0.1', 'http://127.0.0.1', 'redis://', 'redis://127.0.0.1/x', 'redis://127.0.0.1,localhost'],
  },
  databaseUrl: {
    good: [
      ['postgres://u:p@h/d', 'postgres://u:p@h/d'],
      ['postgresql://h:5433/d', 'postgresql://h:5433/d'],
      ['sqlite:/srv/x.sqlite', 'sqlite:/srv/x.sqlite'],
      ['sqlite:x.sqlite', `sqlite:${resolve('x.sqlite')}`],
    ],
    bad: ['mysql://h/d', '/srv/x.sqlite', 'sqlite:', 'postgres:'],
  },
  appId: { good: [['3', '3']], bad: ['a', '-1', '1234567890123456789'] },
  appKey: {
    good: [['278d425bdf160c739803', '278d425bdf160c739803']],
    bad: ['a:b', 'a/b', 'ä', 'a'.repeat(129)],
  },
  appSecret: { good: [['7ad3773142a6692b25b8', '7ad3773142a6692b25b8']], bad: ['a b', 'ä'] },
  metricsToken: { good: [['a-long-token', 'a-long-token']], bad: ['short', 'with a blank'] },
  adminPassword: { good: [['with blanks, äöü', 'with blanks, äöü']], bad: ['too short', 'x'.repeat(201)] },
  // Good ones only together: below.
  dashboardOidcIssuer: {
    good: [],
    bad: ['id.example.com', 'ftp://id.example.com', 'https://id.example.com?x'],
  },
  dashboardOidcClientId: { good: [], bad: ['with a blank'] },
  dashboardOidcClientSecret: { good: [], bad: ['with a blank'] },
  dashboardOidcEmails: { good: [], bad: ['ada', '@example.com', 'Ada@example.com', 'a@b@c'] },
  home: {
    good: [
      ['false', false],
      ['1', true],
    ],
    bad: ['no', 'TRUE'],
  },
  pingSeconds: { good: [['1', 1]], bad: ['0', '3601'] },
  workers: {
    good: [
      ['auto', 'auto'],
      ['64', '64'],
    ],
    bad: ['0', '65', 'all', '-1'],
  },
  drainSeconds: { good: [['0', 0]], bad: ['-1', '3601'] },
  leaseSeconds: { good: [['3', 3]], bad: ['2', '3601'] },
  outboxBytes: { good: [['1073741824', 1_073_741_824]], bad: ['65535', '4MiB'] },
  webhookPrivateAddresses: { good: [['true', true]], bad: ['loopback'] },
  logLevel: { good: [['silent', 'silent']], bad: ['verbose', 'INFO'] },
};

/** Where the value of a row is in `Config`, for those that are not under their own name. */
function valueIn(config: Config, name: string): unknown {
  if (name === 'appId') return config.app.id;
  if (name === 'appKey') return config.app.key;
  if (name === 'appSecret') return config.app.secret;
  return (config as unknown as Record<string, unknown>)[name];
}

const apps: Record<keyof typeof appSettings, { good: [string, unknown][]; bad: string[] }> = {
  name: { good: [['Größe 1', 'Größe 1']], bad: ['a\nb', 'a'.repeat(101)] },
  enabled: { good: [['false', false]], bad: ['off'] },
  tlsOnly: { good: [['true', true]], bad: ['yes'] },
  origins: {
    good: [
      ['https://Example.com:443/, http://localhost:3000', ['https://example.com', 'http://localhost:3000']],
      ['https://*.example.com', ['https://*.example.com']],
    ],
    bad: ['example.com', 'https://a.*.com', 'https://example.com/x', 'ftp://example.com', 'https://', '*'],
  },
  clientEvents: { good: [['0', false]], bad: ['2'] },
  clientEventsPerSecond: { good: [['0', 0]], bad: ['10001', 'ten'] },
  userSignIn: { good: [['false', false]], bad: ['f'] },
  watchlist: { good: [['false', false]], bad: ['f'] },
  subscriptionCount: { good: [['true', true]], bad: ['t'] },
  authorisedConnections: { good: [['true', true]], bad: ['t'] },
  subscriptionErrors: { good: [['false', false]], bad: ['f'] },
  cacheSeconds: { good: [['1', 1]], bad: ['0', '86401'] },
  connections: { good: [['5', 5]], bad: ['10000001'] },
  channelsPerConnection: { good: [['0', 0]], bad: ['1000001'] },
  publishesPerSecond: { good: [['7', 7]], bad: ['10000001'] },
  messagesPerDay: { good: [['1000000000000', 1_000_000_000_000]], bad: ['1000000000001'] },
  eventBytes: { good: [['100', 100]], bad: ['0', '16777217'] },
  channelsPerPublish: { good: [['1', 1]], bad: ['0', '10001'] },
  batchEvents: { good: [['1000', 1_000]], bad: ['0', '1001'] },
  channelNameLength: { good: [['164', 164]], bad: ['0', '1001'] },
  eventNameLength: { good: [['1000', 1_000]], bad: ['0', '1001'] },
  presenceMembers: { good: [['100', 100]], bad: ['0', '100001'] },
  memberBytes: { good: [['2', 2]], bad: ['1', '65537'] },
  userIdLength: { good: [['1', 1]], bad: ['0', '1001'] },
  watchlistUsers: { good: [['10000', 10_000]], bad: ['0', '10001'] },
  signedInPrefixes: {
    good: [['private-a-, presence-a-', ['private-a-', 'presence-a-']]],
    bad: ['private-ä'],
  },
  webhookUrl: {
    good: [['http://10.0.0.1:8000/hooks?x=1', 'http://10.0.0.1:8000/hooks?x=1']],
    bad: ['example.com/hooks', 'ftp://example.com', 'https://example.com/a b'],
  },
  webhookEvents: {
    good: [['channel_occupied, client_event', ['channel_occupied', 'client_event']]],
    bad: ['channel_occupied,member', 'all'],
  },
  webhookBatching: { good: [['true', true]], bad: ['20'] },
  contentHiddenPrefixes: {
    good: [
      ['private-a-,presence-', ['private-a-', 'presence-']],
      [',', []],
    ],
    bad: ['private-ä', 'a b'],
  },
  chat: { good: [['false', false]], bad: ['off'] },
  chatGuests: { good: [['false', false]], bad: ['off'] },
  chatSecret: { good: [['x'.repeat(32), 'x'.repeat(32)]], bad: ['x'.repeat(31), `${'x'.repeat(32)} `] },
  chatDirect: { good: [['contacts', 'contacts']], bad: ['everyone'] },
  chatAutoAccept: { good: [['true', true]], bad: ['yes'] },
  chatPageRooms: { good: [['false', false]], bad: ['no'] },
  chatRoomCreation: { good: [['everyone', 'everyone']], bad: ['guests'] },
  chatReceipts: { good: [['false', false]], bad: ['no'] },
  chatRetentionDays: { good: [['30', 30]], bad: ['-1', '36501'] },
  chatFiles: { good: [['false', false]], bad: ['no'] },
  chatFilesGuests: { good: [['true', true]], bad: ['yes'] },
  chatFileBytes: { good: [['1024', 1_024]], bad: ['1023', '10MB'] },
  chatUserBytes: { good: [['0', 0]], bad: ['-1', '1TB'] },
  chatMessagesPerMinute: { good: [['0', 0]], bad: ['-1', 'ten'] },
  chatRoomMessagesPerMinute: { good: [['0', 0]], bad: ['-1', 'ten'] },
  chatRequestsPerMinute: { good: [['0', 0]], bad: ['-1', 'ten'] },
  chatAddressRequestsPerMinute: { good: [['0', 0]], bad: ['-1', 'ten'] },
  chatSignInsPerMinute: { good: [['0', 0]], bad: ['-1', 'ten'] },
  chatLivePeople: {
    good: [
      ['0', 0],
      ['16', 16],
    ],
    bad: ['17', '-1'],
  },
  chatLiveRoomsPerMinute: { good: [['0', 0]], bad: ['-1', 'ten'] },
  chatReportUrl: { good: [['https://example.com/r', 'https://example.com/r']], bad: ['example.com'] },
  chatOidcIssuer: { good: [['https://login.example.com', 'https://login.example.com']], bad: ['login'] },
  chatOidcName: { good: [['Größe', 'Größe']], bad: ['a\nb', 'a'.repeat(41)] },
  chatOidcClientId: { good: [['earshot', 'earshot']], bad: ['a b'] },
  chatOidcClientSecret: { good: [['hush', 'hush']], bad: ['a b'] },
  chatGithubClientId: { good: [['Iv1.0', 'Iv1.0']], bad: ['a b'] },
  chatGithubClientSecret: { good: [['hush', 'hush']], bad: ['a b'] },
  chatGoogleClientId: { good: [['1-a', '1-a']], bad: ['a b'] },
  chatGoogleClientSecret: { good: [['hush', 'hush']], bad: ['a b'] },
  chatMastodon: { good: [['true', true]], bad: ['yes'] },
};

describe('every setting of the server', () => {
  for (const [name, row] of serverSettingRows) {
    const { good, bad } = server[name as keyof typeof server];
    for (const [text, value] of good) {
      test(`${row.env}=${text}`, () => expect(valueIn(configOf({ [row.env]: text }), name)).toEqual(value));
      const { flag } = row;
      if (flag === undefined) continue;
      test(`${flag} ${text}`, () => {
        expect(valueIn(configOf({}, [flag, text]), name)).toEqual(value);
        expect(valueIn(configOf({}, [`${flag}=${text}`]), name)).toEqual(value);
      });
    }
    for (const text of bad) {
      test(`${row.env}=${text} is refused, saying what was found, what is expected and what to write`, () => {
        const [error = '', ...more] = errorsOf({ [row.env]: text });
        expect(more).toEqual([]);
        expect(error).toStartWith(`${row.env} is `);
        expect(error.includes(JSON.stringify(text))).toBe(row.secret !== true);
        expect(error).toContain(`expected ${row.kind.expected}`);
        expect(error).toContain(`For example: ${row.env}=`);
      });
    }
  }
});

describe('every setting of the first app', () => {
  for (const [name, row] of appSettingRows) {
    const { good, bad } = apps[name as keyof typeof apps];
    for (const [text, value] of good) {
      test(`${row.env}=${text}`, () =>
        expect(configOf({ [row.env]: text }).app.settings).toEqual({ [name]: value }));
    }
    for (const text of bad) {
      test(`${row.env}=${text} is refused`, () => {
        const [error = '', ...more] = errorsOf({ [row.env]: text });
        expect(more).toEqual([]);
        const shown = row.secret ? 'set to something else (not shown here)' : JSON.stringify(text);
        expect(error).toStartWith(`${row.env} is ${shown}; expected ${row.kind.expected}`);
      });
    }
  }

  test('the names are the contract: EARSHOT_APP_ and the name in capitals', () => {
    for (const name of appSettingNames) {
      expect(appSettings[name].env).toBe(`EARSHOT_APP_${name.replace(/[A-Z]/g, '_$&').toUpperCase()}`);
    }
  });

  test('each default is a valid value, and each example a valid text', () => {
    for (const row of [...serverSettingRows.values(), ...appSettingRows.values()]) {
      if (row.default !== null) expect(row.kind.accepts(row.default)).toBe(true);
      if (row.example !== undefined) expect(row.kind.parse(row.example)).toBeDefined();
    }
  });
});

test('without any setting the defaults are those of the design', () => {
  const { app, dataDir, databaseUrl, chatFilesDir, ...rest } = configOf({});
  expect(rest).toEqual({
    host: '127.0.0.1',
    port: 6001,
    path: '',
    publicUrl: null,
    trustedProxies: [],
    redisUrls: [],
    tls: null,
    workers: '1',
    metricsToken: null,
    adminPassword: null,
    dashboardOidcIssuer: null,
    dashboardOidcClientId: null,
    dashboardOidcClientSecret: null,
    dashboardOidcEmails: [],
    home: true,
    pingSeconds: 25,
    drainSeconds: 10,
    leaseSeconds: 15,
    outboxBytes: 4_194_304,
    webhookPrivateAddresses: false,
    logLevel: 'info',
  });
  expect(dataDir).toBe(resolve('data'));
  expect(chatFilesDir).toBe(resolve('data/chat-files'));
  expect(databaseUrl).toBe(`sqlite:${resolve('data')}/earshot.sqlite`);
  expect(app).toEqual({ id: null, key: null, secret: null, settings: {} });
});

test('a provider for operators is set whole, or not at all', () => {
  const all = {
    EARSHOT_DASHBOARD_OIDC_ISSUER: 'https://id.example.com/',
    EARSHOT_DASHBOARD_OIDC_CLIENT_ID: 'earshot',
    EARSHOT_DASHBOARD_OIDC_EMAILS: 'ada@example.com, bob@example.com',
  };
  expect(configOf({ ...all, EARSHOT_DASHBOARD_OIDC_CLIENT_SECRET: 'secret' })).toMatchObject({
    dashboardOidcIssuer: 'https://id.example.com/',
    dashboardOidcEmails: ['ada@example.com', 'bob@example.com'],
    dashboardOidcClientSecret: 'secret',
  });
  for (const missing of Object.keys(all)) {
    expect(errorsOf({ ...all, [missing]: '' })[0]).toContain(`Set ${missing} too`);
  }
  expect(errorsOf({ EARSHOT_DASHBOARD_OIDC_CLIENT_SECRET: 'x' })[0]).toContain(
    'EARSHOT_DASHBOARD_OIDC_ISSUER',
  );
});

test('defaults of an app are Pusher’s', () => {
  expect(defaultAppSettings()).toMatchObject({
    clientEvents: true,
    clientEventsPerSecond: 10,
    userSignIn: true,
    watchlist: true,
    subscriptionCount: false,
    authorisedConnections: false,
    cacheSeconds: 1800,
    connections: 0,
    publishesPerSecond: 0,
    messagesPerDay: 0,
    eventBytes: 10_240,
    presenceMembers: 1000,
  });
});

test('two apps do not share the list of a default', () => {
  defaultAppSettings().origins.push('https://example.com');
  expect(defaultAppSettings().origins).toEqual([]);
});

describe('flags and variables', () => {
  test('a flag wins over its variable', () => {
    expect(configOf({ EARSHOT_PORT: '1' }, ['--port', '2']).port).toBe(2);
  });

  test('the last of two equal flags wins', () => {
    expect(configOf({}, ['--port', '1', '--port=2']).port).toBe(2);
  });

  test('an empty variable counts as not set', () => {
    expect(configOf({ EARSHOT_PORT: '', EARSHOT_APP_KEY: '', EARSHOT_APP_ENABLED: '' })).toEqual(
      configOf({}),
    );
  });

  test('a wrong flag is named as a flag', () => {
    expect(errorsOf({}, ['--port', 'x'])).toEqual([
      '--port is "x"; expected a whole number from 0 to 65535 (0 = any free port). For example: --port 6001',
    ]);
  });

  test('a flag without a value, and an empty one, are refused', () => {
    expect(errorsOf({}, ['--port'])).toEqual(['--port is without a value; expected --port and a value']);
    expect(errorsOf({}, ['--host='])[0]).toStartWith('--host is ""; expected');
  });

  test('what is no flag is refused, with the one that was meant', () => {
    expect(errorsOf({}, ['--prot', '1'])).toEqual([
      '"--prot" is not an argument. Did you mean --port? All of them: --help',
    ]);
    expect(errorsOf({}, ['start'])).toEqual(['"start" is not an argument. All of them: --help']);
  });

  test('an unknown variable is refused, with the one that was meant', () => {
    expect(errorsOf({ EARSHOT_APP_CACHE_SECOND: '1' })).toEqual([
      'EARSHOT_APP_CACHE_SECOND is not a setting. Did you mean EARSHOT_APP_CACHE_SECONDS? All of them: --help',
    ]);
    expect(errorsOf({ EARSHOT_COLOUR_OF_THE_LOGO: 'red' })).toEqual([
      'EARSHOT_COLOUR_OF_THE_LOGO is not a setting. Unset it. All of them: --help',
    ]);
  });

  test('variables of others and of the tests are left alone', () => {
    expect(errorsOf({ PORT: 'x', earshot_port: 'x', EARSHOT_TEST_REDIS: '/usr/bin/redis-server' })).toEqual(
      [],
    );
  });

  test('all that is wrong is reported at once', () => {
    const env = { EARSHOT_PORT: 'x', EARSHOT_APP_ENABLED: 'x', EARSHOT_NOTHING: '1', EARSHOT_WORKERS: '0' };
    expect(errorsOf(env, ['--nothing'])).toHaveLength(5);
  });

  test('--help lists every setting and flag, whatever else is wrong', () => {
    for (const flag of ['--help', '-h']) {
      const read = readConfig(['--port', 'x', flag], { EARSHOT_NOTHING: '1' });
      const help = 'help' in read ? read.help : '';
      for (const { env, flag } of [...serverSettingRows.values(), ...appSettingRows.values()]) {
        expect(help).toContain(`  ${env}${flag === undefined ? '\n' : `, ${flag}\n`}`);
      }
    }
  });
});

describe('settings that belong together', () => {
  const cert = { EARSHOT_TLS_CERT: '/c.pem', EARSHOT_TLS_KEY: '/k.pem' };

  test('TLS on the one port, or on a second one', () => {
    expect(configOf(cert).tls).toEqual({ certFile: '/c.pem', keyFile: '/k.pem', port: null });
    expect(configOf({ ...cert, EARSHOT_TLS_PORT: '0' }).tls?.port).toBe(0);
    expect(configOf({ ...cert, EARSHOT_PORT: '0', EARSHOT_TLS_PORT: '0' }).tls?.port).toBe(0);
  });

  test('a certificate without key, a key without certificate, a port without either', () => {
    expect(errorsOf({ EARSHOT_TLS_CERT: '/c.pem' })[0]).toContain(
      'Set EARSHOT_TLS_KEY to the path of its file',
    );
    expect(errorsOf({ EARSHOT_TLS_KEY: '/k.pem' })[0]).toContain(
      'Set EARSHOT_TLS_CERT to the path of its file',
    );
    expect(errorsOf({ EARSHOT_TLS_PORT: '6443' })[0]).toStartWith(
      'EARSHOT_TLS_PORT is 6443 without a certificate',
    );
  });

  test('one port for both', () => {
    expect(errorsOf({ ...cert, EARSHOT_PORT: '7000', EARSHOT_TLS_PORT: '7000' })[0]).toContain(
      'are both 7000',
    );
  });

  test('a member list that the outbox cannot hold is refused, with what would fit', () => {
    const [error = ''] = errorsOf({ EARSHOT_APP_PRESENCE_MEMBERS: '5000' });
    expect(error).toStartWith('EARSHOT_APP_PRESENCE_MEMBERS is 5000 and EARSHOT_APP_MEMBER_BYTES is 1024');
    const fits = /at most (\d+)/.exec(error)?.[1] ?? '';
    const needed = /at least (\d+)/.exec(error)?.[1] ?? '';
    expect(errorsOf({ EARSHOT_APP_PRESENCE_MEMBERS: fits })).toEqual([]);
    expect(errorsOf({ EARSHOT_APP_PRESENCE_MEMBERS: String(Number(fits) + 1) })).toHaveLength(1);
    expect(errorsOf({ EARSHOT_APP_PRESENCE_MEMBERS: '5000', EARSHOT_OUTBOX_BYTES: needed })).toEqual([]);
  });

  test('an event that the outbox cannot hold is refused', () => {
    expect(errorsOf({ EARSHOT_APP_EVENT_BYTES: '4000000' })[0]).toStartWith(
      'EARSHOT_APP_EVENT_BYTES is 4000000',
    );
    expect(errorsOf({ EARSHOT_APP_EVENT_BYTES: '1000000' })).toEqual([]);
  });
});

test('a secret is never shown by the message that refuses it', () => {
  for (const name of [
    'EARSHOT_APP_SECRET',
    'EARSHOT_APP_CHAT_SECRET',
    'EARSHOT_METRICS_TOKEN',
    'EARSHOT_DATABASE_URL',
  ]) {
    const errors = errorsOf({ [name]: 'hunter2 hunter2' });
    expect(errors).toHaveLength(1);
    expect(errors.join()).not.toContain('hunter2');
  }
});

describe('values that did not come as text', () => {
  test('are checked by the same table', () => {
    expect(checkAppSettingValues({ ...defaultAppSettings() })).toEqual([]);
    expect(checkAppSettingValues({ origins: ['https://example.com'], cacheSeconds: 5 })).toEqual([]);
    expect(checkAppSettingValues({ cacheSecond: 5 })).toEqual([
      'cacheSecond is not a setting of an app. Did you mean cacheSeconds?',
    ]);
    expect(checkAppSettingValues({ cacheSeconds: 0 })).toEqual([
      'cacheSeconds is 0; expected a whole number from 1 to 86400. For example: cacheSeconds = 1800',
    ]);
  });

  test('of a wrong type are refused', () => {
    const wrong: unknown[] = ['1800', 1.5, Number.NaN, null, true, [], {}, 10n];
    for (const value of wrong) expect(checkAppSettingValues({ cacheSeconds: value })).toHaveLength(1);
    for (const value of ['true', 1, null]) expect(checkAppSettingValues({ enabled: value })).toHaveLength(1);
    for (const value of ['https://a.example', ['a'], ['https://A.example'], [1]]) {
      expect(checkAppSettingValues({ origins: value })).toHaveLength(1);
    }
    expect(checkAppSettingValues(JSON.parse('{"__proto__":{},"constructor":1}'))).toHaveLength(2);
  });
});
