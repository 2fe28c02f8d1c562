import { StartError } from '../../start-error.ts';
import { inspect } from './connection.ts';

/** One Redis or Valkey, as `EARSHOT_REDIS_URL` names it. */
export interface Server {
  readonly url: string;
  /** Host, port and database: what nodes know it by, and what logs may say. */
  readonly name: string;
  /** Messages of pub/sub are not kept apart by database, so their channels carry it. */
  readonly database: string;
}

const setting = 'EARSHOT_REDIS_URL';
const oldest = { redis: '6.2', valkey: '7.2' };

/** @param url valid, as the setting has checked it */
export function serverOf(url: string): Server {
  const { hostname, port, pathname } = new URL(url);
  const database = pathname.replace('/', '') || '0';
  return { url, name: `${hostname}:${port || 6379}/${database}`, database };
}

/**
 * Asks each server what it is, before anything is built on it.
 * @throws StartError that says what was found and what to do
 */
export async function checkServers(servers: readonly Server[]): Promise<void> {
  const found = await Promise.all(servers.map(check));
  for (const [index, identity] of found.entries()) {
    const first = found.indexOf(identity);
    if (first === index) continue;
    throw new StartError(
      `${setting}: ${servers[first]?.name} and ${servers[index]?.name} are the same server. Name each server once; ` +
        'several databases of one server share its one core, so nothing is gained.',
    );
  }
}

/** @returns what tells one server from another */
async function check({ url, name }: Server): Promise<string> {
  let info: string;
  try {
    ({ info } = await inspect(url));
  } catch (error) {
    throw new StartError(`${setting}: ${name} ${reasonOf(error, url)}`);
  }
  const field = (key: string) => new RegExp(`^${key}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';
  const kind = field('valkey_version') === '' ? 'redis' : 'valkey';
  const version = field(`${kind}_version`);
  if (isOlder(version, oldest[kind])) {
    throw new StartError(
      `${setting}: ${name} runs ${kind} ${version || 'of an unknown version'}; at least ${oldest[kind]} is needed. Upgrade it, or name another server.`,
    );
  }
  if (field('role') !== 'master') {
    throw new StartError(
      `${setting}: ${name} is a read-only replica of ${field('master_host')}:${field('master_port')}. Name the server that takes writes.`,
    );
  }
  if (field('cluster_enabled') === '1') {
    throw new StartError(
      `${setting}: ${name} runs in cluster mode. Name independent servers, separated by commas; Earshot spreads channels over them itself.`,
    );
  }
  if (field('maxmemory_policy').startsWith('allkeys')) {
    throw new StartError(
      `${setting}: ${name} throws away any key when its memory is full (maxmemory-policy ${field('maxmemory_policy')}), and with them who is where. Set noeviction, or a volatile- policy.`,
    );
  }
  return field('run_id');
}

const certificateErrors = /SELF_SIGNED|UNABLE_TO|CERT_|ALTNAME|certificate/;

function reasonOf(error: unknown, url: string): string {
  const text = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (text.includes('WRONGPASS'))
    return 'refuses the password. Correct it in the URL: redis://user:password@host:port.';
  if (text.includes('NOAUTH'))
    return 'wants a password and the URL has none. Write redis://:password@host:port.';
  if (text.includes('NOPERM'))
    return 'does not allow this user what Earshot needs: all keys and channels that begin with earshot, scripts, streams and INFO.';
  if (text.includes('DB index') || text.includes('invalid DB'))
    return 'has no database of that number. Use a lower one.';
  if (certificateErrors.test(code) || certificateErrors.test(text)) {
    return `has a certificate that is not trusted here (${code || text}). Name its authority's file in NODE_EXTRA_CA_CERTS, or use the host that it is for.`;
  }
  if (url.startsWith('rediss:') && (code === 'ETIMEDOUT' || code === 'ECONNRESET'))
    return 'does not answer in TLS. Where it has none write redis://; else check the URL, and that it can be reached from here.';
  if (code === 'ECONNRESET')
    return 'hangs up before a word. If it wants TLS write rediss://; else its log may say why.';
  if (code === 'ECONNREFUSED') return 'does not answer: nothing listens there. Start it, or correct the URL.';
  if (code === 'ENOTFOUND') return 'cannot be found: there is no such host. Correct the URL.';
  return `does not answer as a Redis does (${text}). Check the URL, and that the server can be reached from here.`;
}

function isOlder(version: string, least: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor = 0, leastMinor = 0] = least.split('.').map(Number);
  return !(major > leastMajor || (major === leastMajor && minor >= leastMinor));
}
