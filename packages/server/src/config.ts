import { join, resolve } from 'node:path';
import { didYouMean, refusal, type Setting } from '@earshot/base';
import {
  type AppSettings,
  appSettingRows,
  appSettings,
  checkAppSettings,
  checkAppSettingValues,
  defaultAppSettings,
} from './config/app-settings.ts';
import { helpText } from './config/help.ts';
import { absentSettings, type ServerValues, serverSettingRows } from './config/server-settings.ts';

export { type AppSettings, appSettings, checkAppSettings, checkAppSettingValues, defaultAppSettings };

/** Everything that can be set, read and checked. Holds secrets: never log it. */
export interface Config
  extends Omit<
    ServerValues,
    'tlsCert' | 'tlsKey' | 'tlsPort' | 'databaseUrl' | 'appId' | 'appKey' | 'appSecret'
  > {
  /** Null: no TLS. `port` null: the one port takes TLS; otherwise a second port does. */
  tls: { certFile: string; keyFile: string; port: number | null } | null;
  /** `sqlite:/absolute/file` or `postgres://…` */
  databaseUrl: string;
  /** What the environment says of the first app; it wins over the database at every start. */
  app: {
    id: string | null;
    key: string | null;
    secret: string | null;
    settings: Partial<AppSettings>;
  };
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the settings from the command line (without program and script) and the environment. A flag wins over
 * its variable; an empty variable counts as not set. Nothing is read from disk.
 *
 * All that is wrong is reported at once, each with what was found, what was expected and an example.
 */
export function readConfig(
  argv: readonly string[],
  env: Environment,
): { config: Config } | { errors: string[] } | { help: string } {
  if (argv.includes('--help') || argv.includes('-h')) return { help: helpText() };
  const errors: string[] = [];
  const flags = readFlags(argv, errors);
  refuseUnknownVariables(env, errors);
  refuseAbsent(flags, env, errors);

  const server: Record<string, unknown> = {};
  for (const [name, row] of serverSettingRows) {
    server[name] = readValue(row, flags, env, errors) ?? row.default;
  }
  const app: Record<string, unknown> = {};
  for (const [name, row] of appSettingRows) {
    const value = readValue(row, flags, env, errors);
    if (value !== undefined) app[name] = value;
  }
  if (errors.length > 0) return { errors };
  return assemble(server as ServerValues, app as Partial<AppSettings>);
}

function assemble(
  server: ServerValues,
  app: Partial<AppSettings>,
): { config: Config } | { errors: string[] } {
  const { tlsCert, tlsKey, tlsPort, databaseUrl, appId, appKey, appSecret, ...rest } = server;
  const errors = checkAppSettings(
    { ...defaultAppSettings(), ...app },
    server.outboxBytes,
    (name) => appSettings[name].env,
  );
  if ((tlsCert === null) !== (tlsKey === null)) {
    const [present, missing] =
      tlsKey === null ? ['EARSHOT_TLS_CERT', 'EARSHOT_TLS_KEY'] : ['EARSHOT_TLS_KEY', 'EARSHOT_TLS_CERT'];
    errors.push(
      `${present} is set without ${missing}; expected both or none. Set ${missing} to the path of its file`,
    );
  }
  if (tlsPort !== null && tlsCert === null && tlsKey === null) {
    errors.push(
      `EARSHOT_TLS_PORT is ${tlsPort} without a certificate. Set EARSHOT_TLS_CERT and EARSHOT_TLS_KEY to the paths of their files`,
    );
  }
  if (tlsPort !== null && tlsPort !== 0 && tlsPort === server.port) {
    errors.push(
      `EARSHOT_TLS_PORT and EARSHOT_PORT are both ${tlsPort}; expected two ports. ` +
        `Leave EARSHOT_TLS_PORT out to take TLS on port ${tlsPort} only`,
    );
  }
  if (errors.length > 0) return { errors };

  const dataDir = resolve(server.dataDir);
  return {
    config: {
      ...rest,
      dataDir,
      databaseUrl: resolveDatabaseUrl(databaseUrl, dataDir),
      tls: tlsCert !== null && tlsKey !== null ? { certFile: tlsCert, keyFile: tlsKey, port: tlsPort } : null,
      app: { id: appId, key: appKey, secret: appSecret, settings: app },
    },
  };
}

function resolveDatabaseUrl(url: string | null, dataDir: string): string {
  if (url === null) return `sqlite:${join(dataDir, 'earshot.sqlite')}`;
  return url.startsWith('sqlite:') ? `sqlite:${resolve(url.slice('sqlite:'.length))}` : url;
}

/** The values of the flags by flag; what is no flag is reported. */
function readFlags(argv: readonly string[], errors: string[]): Map<string, string> {
  const known = [...allRows(), ...absentSettings].flatMap((row) => row.flag ?? []);
  const values = new Map<string, string>();
  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index] ?? '';
    const [, flag = argument, inline] = /^(--[^=]*)=(.*)$/s.exec(argument) ?? [];
    if (!known.includes(flag)) {
      const meant = didYouMean(flag, known);
      errors.push(
        `${JSON.stringify(flag)} is not an argument. ${meant === undefined ? '' : `Did you mean ${meant}? `}All of them: --help`,
      );
      // What follows is most likely its value, and needs no complaint of its own.
      if (argument.startsWith('-') && argv[index + 1]?.startsWith('-') === false) index++;
      continue;
    }
    const value = inline ?? argv[++index];
    if (value === undefined) errors.push(`${flag} is without a value; expected ${flag} and a value`);
    else values.set(flag, value);
  }
  return values;
}

/** Variables of the project that are no settings: tools that its own tests are pointed at. */
const testVariables = /^EARSHOT_TEST_/;

function refuseUnknownVariables(env: Environment, errors: string[]): void {
  const known = new Set([...allRows(), ...absentSettings].map((row) => row.env));
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith('EARSHOT_') || value === undefined) continue;
    if (known.has(name) || testVariables.test(name)) continue;
    const meant = didYouMean(name, known);
    errors.push(
      `${name} is not a setting. ${meant === undefined ? 'Unset it.' : `Did you mean ${meant}?`} All of them: --help`,
    );
  }
}

function refuseAbsent(flags: ReadonlyMap<string, string>, env: Environment, errors: string[]): void {
  for (const { env: variable, flag, harmless, why } of absentSettings) {
    const fromFlag = flag === undefined ? undefined : flags.get(flag);
    const found = fromFlag ?? env[variable];
    if (found === undefined || found === '' || found === harmless) continue;
    const name = fromFlag === undefined ? variable : flag;
    errors.push(
      `${name} is set, but ${why}. Unset it${harmless === null ? '' : `, or set it to ${harmless}`}`,
    );
  }
}

function readValue(
  row: Setting<unknown>,
  flags: ReadonlyMap<string, string>,
  env: Environment,
  errors: string[],
): unknown {
  const fromFlag = row.flag === undefined ? undefined : flags.get(row.flag);
  const found = fromFlag ?? env[row.env];
  if (found === undefined || (found === '' && fromFlag === undefined)) return undefined;
  const value = row.kind.parse(found);
  if (value === undefined) {
    errors.push(
      fromFlag === undefined ? refusal(row, row.env, found) : refusal(row, row.flag ?? row.env, found, ' '),
    );
  }
  return value;
}

function allRows(): Setting<unknown>[] {
  return [...serverSettingRows.values(), ...appSettingRows.values()];
}
