import { connect } from './connect.ts';
import { fanout } from './fanout.ts';
import { idle } from './idle.ts';
import { paced } from './paced.ts';
import { presence } from './presence.ts';
import { publish } from './publish.ts';
import type { Scenario } from './scenario.ts';

/** Every scenario by the name that `--only` takes and the table uses. */
export const scenarios: ReadonlyMap<string, Scenario> = new Map([
  ['fanout', fanout],
  ['paced50', paced(50)],
  ['paced400', paced(400)],
  ['publish', publish],
  ['connect', connect],
  ['idle', idle],
  ['presence', presence],
]);
