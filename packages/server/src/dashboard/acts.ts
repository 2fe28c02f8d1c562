import type { Log } from '@earshot/base';
import type { Context } from 'hono';
import type { DeskEnv } from './api.ts';

/** Writes down what an operator has done: by ids, without secrets and without anything that somebody has written. */
export type Acts = (
  c: Context<DeskEnv>,
  what: string,
  ids?: Readonly<Record<string, string | number>>,
) => void;

export function actsIn(log: Log): Acts {
  return (c, what, ids = {}) => {
    const operator = c.get('signedIn')?.operator?.id ?? 'link';
    log.info({ operator, address: c.env.client.address, ...ids }, `dashboard: ${what}`);
  };
}
