import { connect } from './connect.ts';
import { deskFacts, deskJournal } from './desk.ts';
import { fanout } from './fanout.ts';
import { httpFanout, httpIdle, polling } from './http.ts';
import { idle } from './idle.ts';
import { paced } from './paced.ts';
import { presence } from './presence.ts';
import { publish } from './publish.ts';
import type { Scenario } from './scenario.ts';
import { pollingStall } from './stall.ts';
import { byWorkers } from './workers.ts';

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
  ['polling-stall', pollingStall],
  ['idle-streaming', httpIdle('xhr_streaming')],
  ['idle-events', httpIdle('event_stream')],
  ['workers', byWorkers(fanout)],
  ['paced1000', paced(1000)],
  ['workers1000', byWorkers(paced(1000))],
  ['desk-fanout', fanout],
  ['desk-publish', publish],
  ['desk-facts', deskFacts],
  ['desk-journal', deskJournal],
]);

/** Scenarios of Earshot's desk: with it, and without what it costs. */
export const ofDesk: ReadonlySet<string> = new Set([
  'desk-fanout',
  'desk-publish',
  'desk-facts',
  'desk-journal',
]);
/** Without a webhook there is no journal. */
export const beyondPlain: ReadonlySet<string> = new Set(['desk-facts']);

/** Scenarios of what the bare server does not have. */
export const beyondBare: ReadonlySet<string> = new Set([
  'presence',
  'fanout-streaming',
  'fanout-events',
  'polling',
  'polling-stall',
  'idle-streaming',
  'idle-events',
  'workers',
  'paced1000',
  'workers1000',
]);
/** Nor soketi: of HTTP transports it has none. */
export const earshotAlone: ReadonlySet<string> = new Set(
  [...beyondBare].filter((name) => name !== 'presence'),
);
