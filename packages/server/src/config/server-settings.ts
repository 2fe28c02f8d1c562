import {
  addressRange,
  boolean,
  databaseUrl,
  listOf,
  matching,
  oneOf,
  optional,
  pathPrefix,
  publicUrl,
  type Setting,
  setting,
  type ValuesOf,
  wholeNumber,
} from '@earshot/base';

/** What can be set for the server. The names are a contract: scripts depend on them. */
export const serverSettings = {
  host: setting({
    env: 'EARSHOT_HOST',
    flag: '--host',
    kind: matching(
      /^[A-Za-z0-9._-]+$|^[0-9A-Fa-f:.]+$/,
      'an address of this machine or a host name, without port',
    ),
    default: '127.0.0.1',
    doc: 'The address to listen on. `0.0.0.0` listens on all of them.',
  }),
  port: setting({
    env: 'EARSHOT_PORT',
    flag: '--port',
    kind: wholeNumber(0, 65_535, '0 = any free port'),
    default: 6001,
    doc: 'The port to listen on.',
  }),
  path: setting({
    env: 'EARSHOT_PATH',
    flag: '--path',
    kind: pathPrefix,
    default: '',
    defaultText: 'none',
    example: '/realtime',
    doc: 'A prefix in front of every path. Publishers sign the path without it.',
  }),
  publicUrl: optional({
    env: 'EARSHOT_PUBLIC_URL',
    flag: '--public-url',
    kind: publicUrl,
    defaultText: 'derived from the request on loopback',
    example: 'https://realtime.example.com',
    doc: 'The address under which people reach the server; needed for links that leave it, when it does not listen on loopback.',
  }),
  trustedProxies: setting({
    env: 'EARSHOT_TRUSTED_PROXIES',
    kind: listOf(addressRange, 'addresses or address ranges separated by commas'),
    default: [] as string[],
    defaultText: 'none',
    example: '127.0.0.1,10.0.0.0/8',
    doc: 'The proxies whose `X-Forwarded-For`, `-Proto` and `-Host` count.',
  }),
  tlsCert: optional({
    env: 'EARSHOT_TLS_CERT',
    kind: matching(/^.+$/, 'the path of a file'),
    example: '/etc/earshot/tls.crt',
    doc: 'The certificate (PEM, with the chain). Needs `EARSHOT_TLS_KEY` too.',
  }),
  tlsKey: optional({
    env: 'EARSHOT_TLS_KEY',
    kind: matching(/^.+$/, 'the path of a file'),
    example: '/etc/earshot/tls.key',
    doc: 'The private key of the certificate (PEM).',
  }),
  tlsPort: optional({
    env: 'EARSHOT_TLS_PORT',
    kind: wholeNumber(0, 65_535, '0 = any free port'),
    defaultText: 'none: `EARSHOT_PORT` itself takes TLS when there is a certificate',
    example: '6443',
    doc: 'A second port that takes TLS, beside `EARSHOT_PORT` without it.',
  }),
  dataDir: setting({
    env: 'EARSHOT_DATA_DIR',
    flag: '--data',
    kind: matching(/^.+$/, 'the path of a folder'),
    default: './data',
    doc: 'The folder for everything that is kept; nobody else can read it. One server at a time.',
  }),
  databaseUrl: optional({
    env: 'EARSHOT_DATABASE_URL',
    flag: '--database',
    kind: databaseUrl,
    defaultText: 'SQLite in the data folder',
    example: 'postgres://earshot:password@127.0.0.1:5432/earshot',
    doc: 'Where apps, keys and settings are kept. PostgreSQL for several nodes.',
    secret: true,
  }),
  appId: optional({
    env: 'EARSHOT_APP_ID',
    kind: matching(
      /^\d{1,18}$/,
      'a decimal number of at most 18 digits (publisher libraries accept no other id)',
    ),
    defaultText: 'random on first start, kept in the database',
    example: '1',
    doc: 'The id of the first app. When set, it wins at every start.',
  }),
  appKey: optional({
    env: 'EARSHOT_APP_KEY',
    kind: matching(/^[A-Za-z0-9_-]{1,128}$/, '1 to 128 letters, digits, "_" and "-"'),
    defaultText: 'random on first start, kept in the database',
    example: '278d425bdf160c739803',
    doc: 'The key of the first app: public, part of the address that clients connect to. When set, it wins at every start.',
  }),
  appSecret: optional({
    env: 'EARSHOT_APP_SECRET',
    kind: matching(/^[\x21-\x7e]{1,256}$/, '1 to 256 printable ASCII characters without blanks'),
    defaultText: 'random on first start, kept in the database',
    example: 'a-long-random-text',
    doc: 'The secret that belongs to the key. Whoever has it can publish. When set, it wins at every start.',
    secret: true,
  }),
  metricsToken: optional({
    env: 'EARSHOT_METRICS_TOKEN',
    kind: matching(/^[\x21-\x7e]{8,256}$/, '8 to 256 printable ASCII characters without blanks'),
    defaultText: 'none: `/metrics` answers on loopback only',
    example: 'a-long-random-text',
    doc: 'Who sends it as `Authorization: Bearer …` may read `/metrics`.',
    secret: true,
  }),
  adminPassword: optional({
    env: 'EARSHOT_ADMIN_PASSWORD',
    kind: matching(/^.{10,200}$/su, '10 to 200 characters'),
    defaultText: 'none: the terminal shows a single-use link, and `earshot login-link` makes another',
    example: 'a-long-random-text',
    doc: 'The password of the operator `admin` on `/dashboard`. When set, it wins at every start.',
    secret: true,
  }),
  dashboardOidcIssuer: optional({
    env: 'EARSHOT_DASHBOARD_OIDC_ISSUER',
    kind: matching(/^https?:\/\/[^\s?#]+$/, 'an address that begins with https:// or http://'),
    example: 'https://accounts.example.com',
    doc: 'A provider of OpenID Connect at which operators may sign in. It sends people back to `/dashboard/oidc/back` of this server.',
  }),
  dashboardOidcClientId: optional({
    env: 'EARSHOT_DASHBOARD_OIDC_CLIENT_ID',
    kind: matching(/^[\x21-\x7e]{1,256}$/, '1 to 256 printable ASCII characters without blanks'),
    example: 'earshot',
    doc: 'How that provider knows this server.',
  }),
  dashboardOidcClientSecret: optional({
    env: 'EARSHOT_DASHBOARD_OIDC_CLIENT_SECRET',
    kind: matching(/^[\x21-\x7e]{1,1024}$/, '1 to 1,024 printable ASCII characters without blanks'),
    defaultText: 'none: a public client',
    example: 'a-long-random-text',
    doc: 'The secret that belongs to the client id.',
    secret: true,
  }),
  dashboardOidcEmails: setting({
    env: 'EARSHOT_DASHBOARD_OIDC_EMAILS',
    kind: listOf(
      matching(/^[^\s@,A-Z]{1,64}@[^\s@,A-Z]{1,255}$/, 'an address of e-mail'),
      'addresses of e-mail in lower case, separated by commas',
    ),
    default: [] as string[],
    defaultText: 'none',
    example: 'ada@example.com,bob@example.com',
    doc: 'Who of those whom the provider knows is let in. It has to say that it has verified the address.',
  }),
  home: setting({
    env: 'EARSHOT_HOME_DEMO',
    kind: boolean,
    default: true,
    doc: 'The demonstration on `/`: its authoriser signs one presence channel and nothing else.',
  }),
  pingSeconds: setting({
    env: 'EARSHOT_PING_SECONDS',
    kind: wholeNumber(1, 3_600),
    default: 25,
    doc: 'A connection that was silent for so long is pinged. Proxies cut quiet sockets, often after 60 s.',
  }),
  workers: setting({
    env: 'EARSHOT_WORKERS',
    flag: '--workers',
    kind: matching(/^(auto|[1-9]|[1-5]\d|6[0-4])$/, 'a whole number from 1 to 64, or auto'),
    default: '1',
    example: 'auto',
    doc: 'How many processes serve, on the same port and without a broker; `auto`: one for each core. With more than 1 a further one supervises them: it starts anew those that die, and replaces them one after the other on SIGHUP. Linux only.',
  }),
  drainSeconds: setting({
    env: 'EARSHOT_DRAIN_SECONDS',
    kind: wholeNumber(0, 3_600),
    default: 10,
    doc: 'How long a stopping server takes to close its connections, so that not all come back at once.',
  }),
  leaseSeconds: setting({
    env: 'EARSHOT_LEASE_SECONDS',
    kind: wholeNumber(3, 3_600),
    default: 15,
    doc: 'What a node that died held is given up after so long.',
  }),
  outboxBytes: setting({
    env: 'EARSHOT_OUTBOX_BYTES',
    kind: wholeNumber(65_536, 1_073_741_824),
    default: 4 * 1024 * 1024,
    doc: 'Bytes that may wait for one slow connection; beyond it the connection is cut.',
  }),
  webhookPrivateAddresses: setting({
    env: 'EARSHOT_WEBHOOK_PRIVATE_ADDRESSES',
    kind: boolean,
    default: false,
    doc: 'Webhooks, and what else the server calls at an address that a setting or a person gave, may go to loopback and private addresses. Link-local and metadata addresses are refused always.',
  }),
  logLevel: setting({
    env: 'EARSHOT_LOG_LEVEL',
    flag: '--log-level',
    kind: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
    default: 'info',
    doc: 'The least important lines that are written.',
  }),
};

/** The values of the table, as they were set. */
export type ServerValues = ValuesOf<typeof serverSettings>;

/** The rows without their value types, to walk over all of them. */
export const serverSettingRows = new Map<string, Setting<unknown>>(
  Object.entries(serverSettings as unknown as Record<string, Setting<unknown>>),
);

/** A setting of a later version: to ignore it silently would be worse than to refuse it. */
export interface AbsentSetting {
  readonly env: string;
  readonly flag?: string;
  /** The value that asks for nothing which is missing. */
  readonly harmless: string | null;
  readonly why: string;
}

export const absentSettings: readonly AbsentSetting[] = [
  {
    env: 'EARSHOT_REDIS_URL',
    flag: '--redis',
    harmless: null,
    why: 'this version has no Redis bus and runs as a single node',
  },
];
