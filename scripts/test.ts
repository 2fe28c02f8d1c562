/**
 * `npm test`: every check of the project, one step after the other, each run even when one before it failed.
 *
 *   npm test                     all steps
 *   npm test -- unit proxies     only these
 *   npm run test:long            what takes too long for every day: more random cases, the soak
 *
 * The last line is `N passed, N failed`, then `, N skipped` if any. A step that is one check counts as one. Files in which a
 * few tests failed are run once more, by themselves: what passes then counts as passed and is named as unsteady.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Count, countTests, type FailedTest, failedTests } from './report.ts';
import { provideTools } from './tools.ts';

interface Step {
  readonly name: string;
  readonly command: readonly string[];
  /** The step is `bun test`; its tests are counted one by one. */
  readonly tests?: true;
  readonly env?: Readonly<Record<string, string>>;
  /** After this it is stopped and has failed. */
  readonly minutes: number;
}

/** What became of a step. */
interface Outcome {
  readonly count: Count;
  readonly failed: readonly FailedTest[];
  /** Failed at first and passed when their file was run once more. */
  readonly unsteady: readonly FailedTest[];
}

const root = join(import.meta.dirname, '..');
const program = (name: string) => join(root, 'node_modules', '.bin', name);
const bun = process.execPath;

/** Far above what any test needs; a busy machine is no reason to fail. */
const testTimeoutMs = 60_000;
/** The same for tests that play with several browsers or server processes. */
const playTimeoutMs = 180_000;
/** The same for a test that tries `longRuns` cases. */
const longTestTimeoutMs = 600_000;
/** How often a running step says that it runs. */
const progressMs = 30_000;
/** More failures than this in one step are no accident of a busy machine, and nothing is run again. */
const unsteadyMax = 5;
/** Of an error's message, in characters. */
const messageMax = 160;
/** How long a stopped step has for ending its own programs. */
const graceMs = 5_000;

const bunTest = (timeoutMs: number, ...folders: string[]) => [
  ...[bun, 'test', '--isolate', '--dots', `--timeout=${timeoutMs}`],
  ...folders,
];

/** The same suite with clients on another transport than WebSocket;. */
const conformanceOver = (transport: string): Step => ({
  name: `conformance over ${transport}`,
  command: bunTest(testTimeoutMs, './tests/conformance'),
  tests: true,
  env: { EARSHOT_TEST_TRANSPORT: transport },
  minutes: 15,
});

/** What of conformance has to do with where a session of an HTTP transport lives. */
const onTransports = ['http-transports', 'event-stream', 'subscribe', 'presence', 'private', 'client-events'];
/** What of it has to do with several processes being one server. */
const ofWorkers = [
  'users',
  'counts',
  'cache',
  'api',
  'connection',
  'webhooks',
  'tls',
  'limits',
  ...onTransports,
];
const conformanceFiles = (names: readonly string[]) =>
  names.map((name) => `./tests/conformance/${name}.test.ts`);

/** The files of the suite in which several nodes play, with a real broker between them. */
const nodesTogether = [
  'api',
  'cache',
  'client-events',
  'connection',
  'counts',
  'drain',
  'presence',
  'slow-cluster',
  'users',
];

/** A suite against servers that are three nodes each, joined by Redis and PostgreSQL behind one address. */
const onNodes = (suite: string, names: readonly string[]): Step => ({
  name: `${suite} on three nodes`,
  command: bunTest(playTimeoutMs, ...names.map((name) => `./tests/${suite}/${name}.test.ts`)),
  tests: true,
  env: { EARSHOT_TEST_CLUSTER: 'redis', EARSHOT_TEST_NODES: '3', BUN_CONFIG_MAX_HTTP_REQUESTS: '5000' },
  minutes: 20,
});

const steps: readonly Step[] = [
  { name: 'formatting', command: [program('biome'), 'check', '--linter-enabled=false'], minutes: 2 },
  { name: 'lint', command: [program('biome'), 'lint', '--error-on-warnings'], minutes: 2 },
  { name: 'types', command: [program('tsc'), '--project', '.'], minutes: 5 },
  { name: 'directions', command: [bun, 'scripts/check.ts'], minutes: 2 },
  { name: 'docs', command: [bun, 'scripts/docs.ts', '--check'], minutes: 2 },
  {
    name: 'unit',
    command: bunTest(testTimeoutMs, './packages', './scripts', './tests/support'),
    tests: true,
    minutes: 20,
  },
  { name: 'conformance', command: bunTest(testTimeoutMs, './tests/conformance'), tests: true, minutes: 15 },
  conformanceOver('xhr_streaming'),
  conformanceOver('xhr_polling'),
  conformanceOver('event_stream'),
  {
    name: 'conformance of two workers',
    command: bunTest(testTimeoutMs, ...conformanceFiles(ofWorkers)),
    tests: true,
    // Requests that one worker passes to the other are of the test's process as well.
    env: { EARSHOT_TEST_WORKERS: '2', BUN_CONFIG_MAX_HTTP_REQUESTS: '5000' },
    minutes: 15,
  },
  ...['xhr_streaming', 'xhr_polling', 'event_stream'].map(
    (transport): Step => ({
      name: `two workers, ${transport}`,
      command: bunTest(testTimeoutMs, ...conformanceFiles(onTransports)),
      tests: true,
      env: {
        EARSHOT_TEST_TRANSPORT: transport,
        EARSHOT_TEST_WORKERS: '2',
        BUN_CONFIG_MAX_HTTP_REQUESTS: '5000',
      },
      minutes: 10,
    }),
  ),
  {
    name: 'simulation',
    command: bunTest(testTimeoutMs, './tests/simulation'),
    tests: true,
    minutes: 10,
  },
  { name: 'workers', command: bunTest(playTimeoutMs, './tests/workers'), tests: true, minutes: 10 },
  {
    name: 'conformance over redis',
    command: bunTest(
      testTimeoutMs,
      ...conformanceFiles(nodesTogether),
      ...['trace', 'inspect'].map((part) => `./packages/server/src/${part}/server.test.ts`),
    ),
    tests: true,
    env: { EARSHOT_TEST_CLUSTER: 'redis' },
    minutes: 15,
  },
  { name: 'faults', command: bunTest(playTimeoutMs, './tests/faults'), tests: true, minutes: 15 },
  { name: 'chat', command: bunTest(playTimeoutMs, './tests/chat'), tests: true, minutes: 20 },
  { name: 'webhooks', command: bunTest(playTimeoutMs, './tests/webhooks'), tests: true, minutes: 10 },
  { name: 'desk', command: bunTest(playTimeoutMs, './tests/desk'), tests: true, minutes: 15 },
  {
    name: 'chat and desk of two workers',
    command: bunTest(
      playTimeoutMs,
      ...['flows', 'live'].map((name) => `./tests/chat/${name}.test.ts`),
      ...['session', 'streams', 'inspector'].map((name) => `./tests/desk/${name}.test.ts`),
    ),
    tests: true,
    env: { EARSHOT_TEST_WORKERS: '2', BUN_CONFIG_MAX_HTTP_REQUESTS: '5000' },
    minutes: 15,
  },
  onNodes('chat', ['api', 'flows', 'live', 'files-and-duties', 'hostile']),
  onNodes('desk', ['session', 'apps', 'events', 'streams', 'log', 'inspector', 'webhooks', 'nodes']),
  { name: 'proxies', command: bunTest(testTimeoutMs, './tests/proxies'), tests: true, minutes: 10 },
  { name: 'browser', command: bunTest(playTimeoutMs, './tests/browser'), tests: true, minutes: 40 },
  { name: 'load', command: bunTest(testTimeoutMs, './tests/load'), tests: true, minutes: 10 },
];

const longSteps: readonly Step[] = [
  { name: 'unit', command: bunTest(longTestTimeoutMs, './packages'), tests: true, minutes: 60 },
  {
    name: 'conformance',
    command: bunTest(longTestTimeoutMs, './tests/conformance'),
    tests: true,
    minutes: 60,
  },
  {
    name: 'simulation',
    command: [bun, 'tests/simulation/main.ts', '--minutes', '20'],
    minutes: 60,
  },
  { name: 'faults', command: [bun, 'tests/faults/main.ts', '--minutes', '20'], minutes: 60 },
  { name: 'webhooks', command: [bun, 'tests/webhooks/crash/main.ts'], minutes: 60 },
  { name: 'chaos', command: [bun, 'tests/chat/chaos/main.ts'], minutes: 60 },
  { name: 'soak', command: [bun, 'tests/load/soak.ts'], minutes: 120 },
];
/** Cases that each property test tries in the long form. */
const longRuns = '20000';

/** Of the longest name, for columns. */
const nameWidth = Math.max(...steps.map(({ name }) => name.length));

const say = (text: string) => console.log(text);
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

/** Runs one step, and once more the files of tests that failed. */
async function runStep(step: Step, env: NodeJS.ProcessEnv, reports: string): Promise<Outcome> {
  const report = join(reports, `${step.name.replaceAll(' ', '-')}.xml`);
  const code = await run(step, step.command, env, report);
  const count = step.tests ? countTests(report) : { passed: 0, failed: 0, skipped: 0 };
  if (code === 0 && !step.tests) count.passed = 1;
  const failed = failedTests(report);
  // It broke outside a test: a file that does not load, a crash, the deadline.
  if (code !== 0 && count.failed === 0) return { count: { ...count, failed: 1 }, failed: [], unsteady: [] };
  if (failed.length === 0 || failed.length > unsteadyMax || failed.length !== count.failed) {
    return { count, failed, unsteady: [] };
  }
  const again = join(reports, 'again.xml');
  rmSync(again, { force: true });
  const files = [...new Set(failed.map(({ file }) => `./${file}`))];
  say(`\n── ${step.name}, once more: ${files.join(' ')} ──`);
  const codeAgain = await run(
    step,
    [...step.command.filter((part) => !part.startsWith('./')), ...files],
    env,
    again,
  );
  if (codeAgain !== 0 || countTests(again).passed === 0) return { count, failed, unsteady: [] };
  const { passed, skipped } = count;
  return { count: { passed: passed + failed.length, failed: 0, skipped }, failed: [], unsteady: failed };
}

/** Runs a command of a step with its output passed on. @returns its exit code */
async function run(
  step: Step,
  [command = '', ...args]: readonly string[],
  env: NodeJS.ProcessEnv,
  report: string,
): Promise<number> {
  if (step.tests) args.push('--reporter=junit', `--reporter-outfile=${report}`);
  const started = Date.now();
  // A process group of its own, so that what the step started can be stopped with it.
  const child = spawn(command, args, {
    cwd: root,
    env: { ...env, ...step.env },
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
  });
  const stop = () => {
    signalGroup(child.pid, 'SIGTERM');
    setTimeout(() => signalGroup(child.pid, 'SIGKILL'), graceMs).unref();
  };
  const interrupted = () => {
    stop();
    child.once('exit', () => process.exit(130));
  };
  process.on('SIGINT', interrupted).on('SIGTERM', interrupted);
  const progress = setInterval(() => say(`… ${step.name}: ${seconds(Date.now() - started)}`), progressMs);
  const deadline = setTimeout(() => {
    say(`${step.name} has not ended after ${step.minutes} minutes; stopping it`);
    stop();
  }, step.minutes * 60_000);
  const code = await new Promise<number>((resolve) => {
    child.on('error', (error) => {
      say(`${command} does not start: ${error.message}`);
      resolve(1);
    });
    child.on('exit', (status) => resolve(status ?? 1));
  });
  clearInterval(progress);
  clearTimeout(deadline);
  process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
  return code;
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it has ended by itself
  }
}

/** The last line; its form is fixed. */
export function summary({ passed, failed, skipped }: Count): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

function described({ name: step }: Step, { file, line, name, message }: FailedTest): string {
  return `${step}: ${file}:${line} ${name}: ${message.slice(0, messageMax)}`;
}

async function main(args: string[]): Promise<number> {
  const long = args.includes('--long');
  const names = args.filter((arg) => arg !== '--long');
  const all = long ? longSteps : steps;
  const unknown = names.find((name) => !all.some((step) => step.name === name));
  if (unknown !== undefined) {
    console.error(`there is no step ${unknown}; the steps are: ${all.map((step) => step.name).join(', ')}`);
    return 2;
  }
  const chosen = names.length === 0 ? all : all.filter((step) => names.includes(step.name));

  // Settings of the person's own server must not reach the servers of the tests.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^EARSHOT_(?!TEST_)/.test(name)),
  );
  if (long) env.EARSHOT_TEST_RUNS ??= longRuns;
  const lacking: string[] = [];
  if (chosen.some((step) => step.tests)) {
    for (const provided of await provideTools((text) => say(`tools: ${text}`))) {
      if ('path' in provided) env[provided.tool.variable] = provided.path;
      else
        lacking.push(`LEFT OUT: the tests that need ${provided.tool.name}. To run them: ${provided.remedy}`);
    }
  }
  for (const line of lacking) say(line);

  const total: Count = { passed: 0, failed: 0, skipped: 0 };
  const results: string[] = [];
  /** Tests that did not pass at once, a line each. */
  const named: string[] = [];
  const reports = mkdtempSync(join(tmpdir(), 'earshot-test-'));
  for (const [index, step] of chosen.entries()) {
    say(`\n── ${index + 1}/${chosen.length} ${step.name} ──`);
    const started = Date.now();
    const { count, failed, unsteady } = await runStep(step, env, reports);
    const verdict = count.failed === 0 ? 'ok    ' : 'FAILED';
    const detail = step.tests ? summary(count) : '';
    results.push(
      `${verdict}  ${step.name.padEnd(nameWidth)} ${seconds(Date.now() - started).padStart(8)}  ${detail}`,
    );
    say(`── ${results.at(-1)?.trimEnd()}`);
    for (const key of ['passed', 'failed', 'skipped'] as const) total[key] += count[key];
    named.push(...failed.map((test) => `FAILED    ${described(step, test)}`));
    named.push(...unsteady.map((test) => `unsteady  ${described(step, test)}`));
  }
  rmSync(reports, { recursive: true });

  say(`\n${results.map((line) => line.trimEnd()).join('\n')}`);
  for (const line of [...named, ...lacking]) say(line);
  say(summary(total));
  return total.failed === 0 ? 0 : 1;
}

if (import.meta.main) process.exit(await main(process.argv.slice(2)));
