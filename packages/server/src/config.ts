import { join, resolve } from 'node:path';
import {
  type AppSettings,
  appSettingRows,
  appSettings,
  checkAppSettings,
  checkAppSettingValues,
  defaultAppSettings,
} from './config/app-settings.ts';
import { helpText } from './config/help.ts';
import { type Environment, readTables } from './config/read.ts';
import { type ServerValues, serverSettingRows } from './config/server-settings.ts';

export { type AppSettings, appSettings, checkAppSettings, checkAppSettingValues, defaultAppSettings };

/** Everything that can be set, read and checked. Holds secrets: never log it. */
export interface Config
  extends Omit<
    ServerValues,
    'tlsCert' | 'tlsKey' | 'tlsPort' | 'databaseUrl' | 'chatFilesDir' | 'appId' | 'appKey' | 'appSecret'
  > {
  /** Null: no TLS. `port` null: the one port takes TLS; otherwise a second port does. */
  tls: { certFile: string; keyFile: string; port: number | null } | null;
  /** `sqlite:/absolute/file` or `postgres://…` */
  databaseUrl: string;
  /** Absolute. */
  chatFilesDir: string;
  /** What the environment says of the first app; it wins over the database at every start. */
  app: {
    id: string | null;
    key: string | null;
    secret: string | null;
    settings: Partial<AppSettings>;
  };
}

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
  const read = readTables(argv, env, {
    server: serverSettingRows,
    app: appSettingRows,
  });
  if ('errors' in read) return read;
  return assemble(read.server as ServerValues, read.app as Partial<AppSettings>);
}

function assemble(
  server: ServerValues,
  app: Partial<AppSettings>,
): { config: Config } | { errors: string[] } {
  const { tlsCert, tlsKey, tlsPort, databaseUrl, chatFilesDir, appId, appKey, appSecret, ...rest } = server;
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
  errors.push(...checkProvider(server));
  if (errors.length > 0) return { errors };

  const dataDir = resolve(server.dataDir);
  return {
    config: {
      ...rest,
      dataDir,
      databaseUrl: resolveDatabaseUrl(databaseUrl, dataDir),
      chatFilesDir: resolveFilesDir(chatFilesDir, dataDir),
      tls: tlsCert !== null && tlsKey !== null ? { certFile: tlsCert, keyFile: tlsKey, port: tlsPort } : null,
      app: { id: appId, key: appKey, secret: appSecret, settings: app },
    },
  };
}

/** A provider for operators is of use only with all that belongs to it. */
function checkProvider(server: ServerValues): string[] {
  const parts = {
    EARSHOT_DASHBOARD_OIDC_ISSUER: server.dashboardOidcIssuer !== null,
    EARSHOT_DASHBOARD_OIDC_CLIENT_ID: server.dashboardOidcClientId !== null,
    EARSHOT_DASHBOARD_OIDC_EMAILS: server.dashboardOidcEmails.length > 0,
  };
  const present = server.dashboardOidcClientSecret !== null || Object.values(parts).includes(true);
  const missing = Object.entries(parts).flatMap(([name, isSet]) => (isSet ? [] : [name]));
  if (!present || missing.length === 0) return [];
  const names = missing.join(' and ');
  return [
    `A provider for operators is set without ${names}; expected all of it, or nothing. Set ${names} too`,
  ];
}

/** @param folder as it was set; null: one in the data folder */
export function resolveFilesDir(folder: string | null, dataDir: string): string {
  return folder === null ? join(dataDir, 'chat-files') : resolve(folder);
}

/** @param url as it was set; null: an SQLite file in the data folder */
export function resolveDatabaseUrl(url: string | null, dataDir: string): string {
  if (url === null) return `sqlite:${join(dataDir, 'earshot.sqlite')}`;
  return url.startsWith('sqlite:') ? `sqlite:${resolve(url.slice('sqlite:'.length))}` : url;
}
