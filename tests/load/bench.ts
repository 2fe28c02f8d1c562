/**
 * `npm run bench`: measures Earshot beside a bare Bun server (the floor) and soketi, and prints one table.
 * Every measurement has a fresh server process and a fresh generator process, and the servers take turns within each
 * scenario, so that whatever else the machine does falls on all of them alike.
 */
import os from 'node:os';
import { parseArgs } from 'node:util';
import { redisPath } from '../support/redis.ts';
import { startReceiver } from './receiver.ts';
import { measureRedis, redisScenarios } from './redis.ts';
import { beyondBare, beyondPlain, earshotAlone, ofDesk, scenarios } from './scenarios/index.ts';
import { fullScale, type Measures, quickScale, type Scale } from './scenarios/scenario.ts';
import { workersSettings } from './scenarios/workers.ts';
import {
  pinned,
  type ServerName,
  serverNames,
  soketiFolder,
  soketiInstalled,
  startChild,
  startServer,
} from './servers.ts';
import { judge, type Medians, markdown, medians } from './table.ts';

const usage = `Usage: npm run bench -- [options]

  --only <names>     scenarios, separated by commas: ${[...scenarios.keys()].join(', ')}
                     (paced: both paces), ${[...redisScenarios.keys()].join(', ')}
                     (nodes joined by a Redis, printed by themselves, after the table)
  --servers <names>  ${serverNames.join(', ')} (default: all that are there)
  --rounds <n>       measurements of each scenario and server, of which the median counts (default 3)
  --quick            one round, shorter and smaller: for a first look, not for figures
  --json             machine-readable results on standard output
  --install-soketi   install soketi into tests/load/soketi/node_modules and end
`;

/** A measurement that takes longer is broken, in milliseconds. */
const patienceMs = 180_000;

interface Options {
  scenarios: string[];
  redis: string[];
  servers: ServerName[];
  rounds: number;
  scale: Scale;
  json: boolean;
}

function readOptions(argv: string[]): Options {
  const { values } = parseArgs({
    args: argv,
    options: {
      only: { type: 'string' },
      servers: { type: 'string' },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      'install-soketi': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    process.exit(0);
  }
  if (values['install-soketi']) process.exit(installSoketi());
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 50) {
    throw new RangeError(`--rounds is ${values.rounds}; expected a whole number from 1 to 50`);
  }
  const wanted = values.only?.split(',').map((name) => name.trim()) ?? [];
  const redis = values.only ? wanted.filter((name) => redisScenarios.has(name)) : [...redisScenarios.keys()];
  const others = wanted.filter((name) => !redisScenarios.has(name)).join(',');
  const there = serverNames.filter((name) => name !== 'soketi' || soketiInstalled());
  return {
    scenarios:
      values.only && redis.length > 0 && others === ''
        ? []
        : pick('--only', values.only && others.replace(/\bpaced\b(?!\d)/, 'paced50,paced400'), [
            ...scenarios.keys(),
          ]),
    redis,
    servers: pick('--servers', values.servers, there),
    rounds,
    scale: values.quick ? quickScale : fullScale,
    json: values.json,
  };
}

/** The names of a list separated by commas, in the order of `known`; all of them when it is not given. */
function pick<Name extends string>(option: string, list: string | undefined, known: readonly Name[]): Name[] {
  if (list === undefined) return [...known];
  const wanted = list.split(',').map((name) => name.trim());
  const stranger = wanted.find((name) => !known.some((one) => one === name));
  if (stranger !== undefined) {
    throw new RangeError(`${option} names ${JSON.stringify(stranger)}; there are ${known.join(', ')}`);
  }
  return known.filter((name) => wanted.includes(name));
}

function installSoketi(): number {
  const npm = Bun.spawnSync(['npm', 'install'], {
    cwd: soketiFolder,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return npm.exitCode;
}

/** Progress goes to standard error: the table alone is the output. */
function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** One server and one generator, from start to end. */
async function measure(scenario: string, name: ServerName, scale: Scale): Promise<Measures> {
  const receiver = name === 'desk' ? startReceiver() : null;
  const server = await startServer(name, {
    ...(receiver === null ? {} : webhookTo(receiver.url)),
    ...(scenario.startsWith('workers') ? workersSettings : {}),
  });
  const { port, pid, app } = server;
  const generator = startChild(
    pinned('generator', [
      process.execPath,
      'tests/load/generator/main.ts',
      scenario,
      JSON.stringify({ port, pid, app }),
      JSON.stringify(scale),
    ]),
  );
  const timer = setTimeout(() => generator.kill('SIGKILL'), patienceMs);
  const [out, err] = await Promise.all([
    new Response(generator.stdout).text(),
    new Response(generator.stderr).text(),
  ]);
  const code = await generator.exited;
  clearTimeout(timer);
  const log = await server.stop();
  receiver?.stop();
  if (code === 0) return JSON.parse(out) as Measures;
  throw new Error(
    `${err.trim() || `no result after ${patienceMs / 1000} s`}\nthe server's last lines:\n${log}`,
  );
}

function webhookTo(url: string): Record<string, string> {
  return {
    EARSHOT_APP_WEBHOOK_URL: url,
    EARSHOT_APP_WEBHOOK_EVENTS: 'channel_occupied,channel_vacated,member_added,member_removed',
    EARSHOT_APP_WEBHOOK_BATCHING: 'true',
    EARSHOT_WEBHOOK_PRIVATE_ADDRESSES: 'true',
  };
}

/** Whether a server has what a scenario is about. */
function isFor(scenario: string, name: ServerName): boolean {
  if (ofDesk.has(scenario)) return name === 'desk' || (name === 'plain' && !beyondPlain.has(scenario));
  if (name === 'desk' || name === 'plain') return false;
  if (name === 'bare') return !beyondBare.has(scenario);
  return name !== 'soketi' || !earshotAlone.has(scenario);
}

/** What would make a reader doubt a figure. */
function doubts(scenario: string, name: ServerName, measures: Measures): string[] {
  const { lost = 0, serverCores = 1 } = measures;
  const found: string[] = [];
  if (lost > 0) found.push(`${scenario}, ${name}: ${Math.round(lost)} deliveries never came`);
  if (/^(desk-)?(fanout|publish)/.test(scenario) && serverCores < 0.9) {
    const had = `${scenario}, ${name}: the server had ${serverCores.toFixed(2)} of its core to do`;
    found.push(`${had}, so the generator, or something else that ran, was the limit`);
  }
  if (scenario === 'desk-journal' && (measures.facts ?? 0) < 1_900) {
    found.push(`${scenario}, ${name}: ${Math.round(measures.facts ?? 0)} facts a second came of 2,000`);
  }
  return found;
}

function machine(): string {
  const [cpu] = os.cpus();
  const memory = Math.round(os.totalmem() / 2 ** 30);
  return (
    `${new Date().toISOString().slice(0, 10)} · ${os.availableParallelism()} × ${cpu?.model ?? 'unknown CPU'}, ` +
    `${memory} GiB, ${os.type()} ${os.release()} · Bun ${Bun.version}`
  );
}

/** All measures, by scenario and server, in the order in which they were taken. */
type Measured = Map<string, Partial<Record<ServerName, Measures[]>>>;

async function main(): Promise<number> {
  if (process.platform !== 'linux') {
    throw new Error(`CPU time and memory are read from Linux's /proc; this is ${process.platform}`);
  }
  const options = readOptions(process.argv.slice(2));
  const [load = 0] = os.loadavg();
  if (load > 0.5) progress(`The machine is busy (load ${load.toFixed(1)}): the figures will be rough.`);
  if (!soketiInstalled()) progress('soketi is left out; `npm run bench -- --install-soketi` gets it.');

  const measured: Measured = new Map();
  const notes = new Set<string>();
  let failures = 0;
  const total = options.rounds * options.scenarios.length;
  for (let step = 0; step < total; step++) {
    const scenario = options.scenarios[step % options.scenarios.length] as string;
    const round = 1 + Math.floor(step / options.scenarios.length);
    for (const name of options.servers) {
      if (!isFor(scenario, name)) continue;
      const at = `[${step + 1}/${total}] round ${round}, ${scenario}, ${name}`;
      try {
        const measures = await measure(scenario, name, options.scale);
        const ofScenario = measured.get(scenario) ?? {};
        measured.set(scenario, ofScenario);
        ofScenario[name] = [...(ofScenario[name] ?? []), measures];
        for (const doubt of doubts(scenario, name, measures)) notes.add(doubt);
        progress(`${at}: ${summary(measures)}`);
      } catch (error) {
        failures += 1;
        notes.add(`${scenario}, ${name}: failed`);
        progress(`${at}: failed\n${error instanceof Error ? error.message : error}`);
      }
    }
  }
  if (total > 0) report(options, measured, [...notes]);
  if (redisPath === undefined) progress('Nodes joined by a Redis are left out: there is no redis-server.');
  else await measureRedis(options.redis, options.rounds, options.scale);
  return failures > 0 ? 1 : 0;
}

function report(options: Options, measured: Measured, notes: string[]): void {
  const results = new Map(
    [...measured].map(([scenario, byServer]): [string, Medians] => [
      scenario,
      Object.fromEntries(Object.entries(byServer).map(([name, rounds]) => [name, medians(rounds)])),
    ]),
  );
  const judged = judge(results);
  if (options.json) {
    const { rounds } = options;
    const all = { machine: machine(), rounds, table: judged, measured: Object.fromEntries(measured), notes };
    console.log(JSON.stringify(all, null, 2));
    return;
  }
  const rounds = options.rounds === 1 ? 'one round' : `median of ${options.rounds} rounds`;
  const tables = [false, true]
    .map((isDesk) => judged.filter(({ scenario }) => ofDesk.has(scenario) === isDesk))
    .filter((part) => part.length > 0)
    .map(markdown);
  if (tables.length > 0) console.log(`\n${machine()} · ${rounds}\n\n${tables.join('\n\n')}\n`);
  for (const note of notes) console.log(`- ${note}`);
}

function summary(measures: Measures): string {
  return Object.entries(measures)
    .map(([name, value]) => `${name} ${value >= 100 ? Math.round(value) : Number(value.toPrecision(3))}`)
    .join(', ');
}

try {
  process.exit(await main());
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exit(2);
}
