import type { Clock } from '@earshot/base';
import type { App } from '../apps/app.ts';
import type { QueryParams } from '../apps/auth.ts';
import type { Hub } from '../channels/hub.ts';
import type { Bus } from '../cluster/bus.ts';
import type { EventCache } from '../cluster/event-cache.ts';
import type { Publisher } from '../cluster/publish.ts';
import type { Roster } from '../cluster/roster.ts';
import type { Connections } from '../connection/connections.ts';
import type { Rates } from '../http/rates.ts';
import type { Counters } from '../metrics/counters.ts';
import type { Trace } from '../trace/trace.ts';

/** What the endpoints work with. */
export interface ApiParts {
  readonly hub: Hub;
  readonly publisher: Publisher;
  readonly roster: Roster;
  readonly cache: EventCache;
  readonly bus: Bus;
  readonly connections: Connections;
  readonly counters: Counters;
  readonly trace: Trace;
  readonly clock: Clock;
  readonly rates: Rates;
}

/** One authenticated request. */
export interface Call {
  readonly app: App;
  /** The parts of the path that the endpoint leaves open, percent-decoded. */
  readonly path: readonly string[];
  readonly params: QueryParams;
  readonly body: Uint8Array;
}

export type Endpoint = (parts: ApiParts, call: Call) => Response | Promise<Response>;

const authParameters = new Set(['auth_key', 'auth_timestamp', 'auth_version', 'auth_signature', 'body_md5']);

/** The parameters that are not the signature's, by name. */
export function parametersOf(call: Call): Map<string, string[]> {
  const parameters = new Map<string, string[]>();
  for (const [name, value] of call.params) {
    if (authParameters.has(name.toLowerCase())) continue;
    const values = parameters.get(name);
    if (values === undefined) parameters.set(name, [value]);
    else values.push(value);
  }
  return parameters;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The body as text, or null when it is not UTF-8. */
export function textOf(body: Uint8Array): string | null {
  try {
    return utf8.decode(body);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}
