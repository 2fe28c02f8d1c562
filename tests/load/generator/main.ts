/**
 * The load generator: a process of its own that runs one scenario against a server that is already up and
 * prints what it measured as one line of JSON. Arguments: the scenario's name, the target and the scale as JSON.
 */
import { scenarios } from '../scenarios/index.ts';
import type { Scale } from '../scenarios/scenario.ts';
import type { Target } from '../target.ts';
import { fatal } from './fatal.ts';

process.on('unhandledRejection', fatal);
process.on('uncaughtException', fatal);

const [name = '', target = '', scale = ''] = process.argv.slice(2);
const scenario = scenarios.get(name);
if (scenario === undefined) throw new Error(`no scenario ${JSON.stringify(name)}`);
const measures = await scenario(JSON.parse(target) as Target, JSON.parse(scale) as Scale);
process.stdout.write(`${JSON.stringify(measures)}\n`, () => process.exit(0));
