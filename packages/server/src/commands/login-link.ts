import { systemClock } from '@earshot/base';
import { openDatabase } from '@earshot/data';
import type { Config } from '../config.ts';
import { openOperators } from '../operators/open.ts';
import { signInPath } from '../operators/sessions.ts';

/**
 * A fresh single-use sign-in link for the server that runs with these settings. Needs only its database, so it works
 * beside the running server, and for one without a terminal.
 */
export async function loginLink(config: Config): Promise<string> {
  const database = await openDatabase(config.databaseUrl);
  try {
    const operators = await openOperators(database, systemClock);
    return addressOf(config) + signInPath(await operators.createLinkToken());
  } finally {
    await database.close();
  }
}

function addressOf(config: Config): string {
  if (config.publicUrl !== null) return config.publicUrl.replace(/\/$/, '');
  const scheme = config.tls !== null && config.tls.port === null ? 'https' : 'http';
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  return `${scheme}://${host}:${config.port}${config.path}`;
}
