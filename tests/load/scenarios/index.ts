import { connect } from './connect.ts';
import { fanout } from './fanout.ts';
import { httpFanout, httpIdle, polling } from './http.ts';
import { idle } from './idle.ts';
import { paced } from './paced.ts';
import { presence } from './presence.ts';
import { publish } from './publish.ts';
import type { Scenario } from './scenario.ts';
import { workers } from './workers.ts';

/** Every scenario by the name that `--only` takes and the table uses. */
export const scenarios: ReadonlyMap<string, Scenario> = new Map([
  ['fanout', fanout],
  ['paced50', paced(50)],
  ['paced400', paced(400)],
  ['publish', publish],
  ['connect', connect],
  ['idle', idle],
  ['presence', presence],
  ['fanout-streaming', httpFanout('xhr_streaming')],
  ['fanout-events', httpFanout('event_stream')],
  ['polling', polling],
  ['idle-streaming', httpIdle('xhr_streaming')],
  ['idle-events', httpIdle('event_stream')],
  ['workers', workers],
]);

/** Scenarios of what the bare server does not have. */
export const beyondBare: ReadonlySet<string> = new Set([
  'presence',
  'fanout-streaming',
  'fanout-events',
  'polling',
  'idle-streaming',
  'idle-events',
  'workers',
]);
/** Nor soketi: of HTTP transports it has none. */
export const earshotAlone: ReadonlySet<string> = new Set(
  [...beyondBare].filter((name) => name !== 'presence'),
);
