import type { Config } from '../config.ts';
import type { Client } from './client.ts';

type Addressed = Pick<Config, 'path' | 'publicUrl'>;

/** The server's address for people and programs: the one that is set, else as this request reached it. */
export function publicAddress(client: Client, config: Addressed): URL {
  return new URL(config.publicUrl ?? `${requestOrigin(client) ?? 'http://localhost'}${config.path}`);
}

/** The origins that the page itself may have. */
export function ownOrigins(client: Client, config: Addressed): (string | null)[] {
  return [requestOrigin(client), publicAddress(client, config).origin];
}

/** Whether the browser came by https, also where a proxy that we do not trust ends it. */
export function cameByTls(client: Client, config: Addressed): boolean {
  const publicUrl = config.publicUrl === null ? null : new URL(config.publicUrl);
  return client.secure || (publicUrl?.protocol === 'https:' && publicUrl.host === client.host.toLowerCase());
}

/** Null when the `Host` header is none. */
function requestOrigin({ secure, host }: Client): string | null {
  const origin = `${secure ? 'https' : 'http'}://${host}`;
  return URL.canParse(origin) ? new URL(origin).origin : null;
}
