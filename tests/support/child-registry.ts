/** A process that opens the apps of the database given, as soon as it is told to. See registry.test.ts. */

import { systemClock } from '@earshot/base';
import { openDatabase } from '@earshot/data';
import { openAppRegistry } from '../../packages/server/src/apps/registry.ts';
import { readConfig } from '../../packages/server/src/config.ts';

const read = readConfig([], { EARSHOT_DATABASE_URL: process.argv[2] });
if (!('config' in read)) throw new Error(JSON.stringify(read));
console.log('ready');
for await (const _ of console) break;
const database = await openDatabase(read.config.databaseUrl);
const apps = await openAppRegistry({ database, config: read.config, clock: systemClock });
console.log([...apps.all()].map((app) => `${app.id} ${[...app.keys.keys()]}`).join('; '));
await apps.close();
await database.close();
process.exit(0);
