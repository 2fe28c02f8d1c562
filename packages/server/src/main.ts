#!/usr/bin/env bun
import { createLog, didYouMean, type Log } from '@earshot/base';
import { DataError } from '@earshot/data';
import { version } from '../package.json';
import { type ChatConfig, readChatConfig } from './chat-config.ts';
import {
  appsCommand,
  backupCommand,
  exportCommand,
  importCommand,
  loginLinkCommand,
  operatorsCommand,
} from './commands/run.ts';
import { type Config, readConfig } from './config.ts';
import { StartError } from './start-error.ts';
import { workersOf } from './workers/count.ts';
import { FleetError } from './workers/fleet.ts';
import type { Supervisor } from './workers/supervisor.ts';

/** What the first word may be; without one the server runs. They are told in `--help` (config/help.ts). */
const commands: Readonly<Record<string, (rest: readonly string[]) => Promise<number>>> = {
  serve: (rest) => run(readConfig(rest, process.env), serve),
  chat: (rest) => run(readChatConfig(rest, process.env), serveChat),
  // What a supervisor starts (workers/); for nobody else.
  worker: (rest) => run(readConfig(rest.slice(3), process.env), (config) => serveAsWorker(config, rest)),
  apps: (rest) => appsCommand(rest, process.env),
  operators: (rest) => operatorsCommand(rest, process.env),
  'login-link': (rest) => loginLinkCommand(rest, process.env),
  export: (rest) => exportCommand(rest, process.env),
  import: (rest) => importCommand(rest, process.env),
  backup: (rest) => backupCommand(rest, process.env),
  '--version': async () => {
    console.log(version);
    return 0;
  },
};

const [word = '', ...rest] = process.argv.slice(2);
const command = Object.hasOwn(commands, word) ? commands[word] : undefined;
if (command === undefined && /^[a-z]/.test(word)) {
  const meant = didYouMean(word, Object.keys(commands));
  console.error(
    `earshot: there is no command ${JSON.stringify(word)}. ${meant === undefined ? '' : `Did you mean ${meant}? `}All of them: --help`,
  );
  process.exit(2);
} else {
  const code = await (command === undefined
    ? run(readConfig(process.argv.slice(2), process.env), serve)
    : command(rest));
  // What a failed start has left open must not keep the process.
  if (code !== 0) process.exit(code);
}

/** Turns what is wrong with the settings or with the start into text for a person and exit code 1. */
async function run<Settings>(
  read: { config: Settings } | { errors: string[] } | { help: string },
  task: (config: Settings) => Promise<void>,
): Promise<number> {
  if ('help' in read) {
    console.log(read.help);
    return 0;
  }
  if ('errors' in read) return failed(read.errors);
  try {
    await task(read.config);
    return 0;
  } catch (error) {
    if (error instanceof StartError || error instanceof DataError) return failed([error.message]);
    // The worker has said why.
    if (error instanceof FleetError) return error.exitCode;
    console.error(error);
    return 1;
  }
}

function failed(errors: readonly string[]): number {
  for (const error of errors) console.error(`earshot: ${error}`);
  return 1;
}

async function serve(config: Config): Promise<void> {
  const log = createLog(config.logLevel);
  const count = workersOf(config);
  if (count > 1) return supervise(config, log, count);
  // Loaded when they are needed: commands beside the server start faster without.
  const { createServer } = await import('./server.ts');
  const server = await untilSignal(log, config.drainSeconds, () => createServer({ config, log }));
  process.on('SIGHUP', () => server.renewCertificate());
  log.info({ url: server.url, tlsUrl: server.tlsUrl, version }, 'listening');
  if (process.stdout.isTTY) await greet(server);
}

async function supervise(config: Config, log: Log, count: number): Promise<void> {
  const failed = (error: FleetError) => {
    console.error(`earshot: ${error.message}`);
    process.exit(error.exitCode);
  };
  const { Supervisor } = await import('./workers/supervisor.ts');
  const args = word === 'serve' ? rest : process.argv.slice(2);
  let supervisor: Supervisor | null = null;
  process.on('SIGHUP', () => {
    if (supervisor === null) return;
    log.info('workers: replacing one after the other');
    supervisor.replaceAll().then(
      () => log.info('workers: replaced'),
      (error) => log.error({ err: error }, 'workers: replacing failed'),
    );
  });
  supervisor = await untilSignal(log, config.drainSeconds, () =>
    Supervisor.start({ config, count, args, log, failed }),
  );
  log.info({ url: supervisor.url, workers: count, version }, 'listening');
  if (process.stdout.isTTY) await greet(supervisor);
}

async function serveAsWorker(config: Config, given: readonly string[]): Promise<void> {
  const { beWorker } = await import('./workers/worker-process.ts');
  await beWorker(config, createLog(config.logLevel).child({ worker: Number(given[2]) }), given);
}

async function greet(server: { readonly address: string; signInLink(): Promise<string> }): Promise<void> {
  console.log(`\n  Earshot ${version} runs on ${server.address}\n`);
  console.log(`  Sign in with this link (once, within 15 minutes):\n  ${await server.signInLink()}\n`);
}

async function serveChat(config: ChatConfig): Promise<void> {
  const { createChatProgram } = await import('./chat/standalone.ts');
  const log = createLog(config.logLevel);
  const program = await untilSignal(log, config.drainSeconds, () => createChatProgram({ config, log }));
  const { host, port } = config.channels;
  log.info({ url: program.url, channels: `${host}:${port}`, version }, 'listening');
}

/** Starts a program that a signal drains; a second signal ends it at once. */
async function untilSignal<Program extends { drain(): Promise<void>; kill?(): void }>(
  log: Log,
  drainSeconds: number,
  start: () => Promise<Program>,
): Promise<Program> {
  // A bug in one place must not end everybody's connections.
  process.on('uncaughtException', (error) => log.error({ err: error }, 'an exception was not caught'));
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'a rejection was not caught'));

  let program: Program | null = null;
  let isDraining = false;
  const shutDown = async (signal: NodeJS.Signals) => {
    if (program === null) process.exit(0);
    if (isDraining) {
      program.kill?.();
      process.exit(1);
    }
    isDraining = true;
    log.info({ signal, seconds: drainSeconds }, 'draining; a second signal exits at once');
    try {
      await program.drain();
      process.exit(0);
    } catch (error) {
      log.error({ err: error }, 'the drain failed');
      process.exit(1);
    }
  };
  process.on('SIGTERM', shutDown);
  process.on('SIGINT', shutDown);
  program = await start();
  return program;
}
