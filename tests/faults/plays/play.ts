import { haproxyPath } from '../../support/haproxy.ts';
import { postgresPath } from '../../support/postgres.ts';
import type { Figures } from '../support/figures.ts';
import { lacksNamespaces } from '../support/namespace.ts';

/** What a play may be told besides its seed. */
export interface PlayOptions {
  /** How many Redis share the channels. */
  readonly brokers: number;
  /** Takes longer and breaks more often. */
  readonly long: boolean;
}

/** One fault, played from a seed. */
export type Play = (seed: number, options: PlayOptions) => Promise<Figures>;

/** What a play needs that not every machine has. */
export type Need = 'postgres' | 'haproxy' | 'namespaces';

/** Why a need cannot be met here; null where it can. */
export async function lacks(need: Need): Promise<string | null> {
  if (need === 'postgres') return postgresPath === undefined ? 'PostgreSQL is missing' : null;
  if (need === 'haproxy') return haproxyPath === undefined ? 'HAProxy is missing' : null;
  const reason = await lacksNamespaces();
  return reason === null ? null : `network namespaces are not permitted (${reason.split('\n')[0]})`;
}
