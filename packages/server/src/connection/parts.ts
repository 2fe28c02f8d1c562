import type { Clock, Log } from '@earshot/base';
import type { AppRegistry } from '../apps/registry.ts';
import type { FanOut } from '../channels/fanout.ts';
import type { Hub } from '../channels/hub.ts';
import type { Users } from '../channels/users.ts';
import type { Publisher } from '../cluster/publish.ts';
import type { Roster } from '../cluster/roster.ts';
import type { Counters } from '../metrics/counters.ts';
import type { Trace } from '../trace/trace.ts';
import type { Webhooks } from '../webhooks/webhooks.ts';
import type { Connection } from './connection.ts';

/** What the life of a connection touches on its node. */
export interface Parts {
  readonly apps: AppRegistry;
  readonly hub: Hub;
  readonly users: Users<Connection>;
  readonly fanOut: FanOut;
  readonly publisher: Publisher;
  readonly roster: Roster;
  readonly webhooks: Webhooks;
  readonly trace: Trace;
  readonly counters: Counters;
  readonly clock: Clock;
  readonly log: Log;
  /** Work that nobody waits for: a failure is logged and counted under `stage`, never lost and never thrown. */
  readonly background: (stage: string, work: Promise<void>) => void;
}
