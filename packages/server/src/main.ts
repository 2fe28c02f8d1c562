#!/usr/bin/env bun
import { createLog, type Log } from '@earshot/base';
import { DataError } from '@earshot/data';
import { version } from '../package.json';
import { createChatProgram } from './chat/standalone.ts';
import { type ChatConfig, readChatConfig } from './chat-config.ts';
import { type Config, readConfig } from './config.ts';
import { loginLink } from './login-link.ts';
import { createServer } from './server.ts';
import { StartError } from './start-error.ts';
import { FleetError } from './workers/fleet.ts';
import { beWorker, Supervisor, workersOf } from './workers/supervisor.ts';

const [command, ...rest] = process.argv.slice(2);
if (command === '--version') console.log(version);
else if (command === 'login-link') {
  await run(readConfig(rest, process.env), async (config) => console.log(await loginLink(config)));
} else if (command === 'worker') {
  await run(readConfig(rest.slice(3), process.env), (config) =>
    beWorker(config, createLog(config.logLevel).child({ worker: Number(rest[2]) }), rest),
  );
} else if (command === 'chat') await run(readChatConfig(rest, process.env), serveChat);
else await run(readConfig(process.argv.slice(2), process.env), serve);

/** Turns what is wrong with the settings or with the start into text for a person and exit code 1. */
async function run<Settings>(
  read: { config: Settings } | { errors: string[] } | { help: string },
  task: (config: Settings) => Promise<void>,
): Promise<void> {
  if ('help' in read) {
    console.log(read.help);
    return;
  }
  if ('errors' in read) fail(read.errors);
  try {
    await task(read.config);
  } catch (error) {
    if (error instanceof StartError || error instanceof DataError) fail([error.message]);
    // The worker has said why.
    if (error instanceof FleetError) process.exit(error.exitCode);
    console.error(error);
    process.exit(1);
  }
}

function fail(errors: readonly string[]): never {
  for (const error of errors) console.error(`earshot: ${error}`);
  process.exit(1);
}

async function serve(config: Config): Promise<void> {
  const log = createLog(config.logLevel);
  const count = workersOf(config);
  if (count > 1) return supervise(config, log, count);
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
  const args = process.argv.slice(2);
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

async function greet(server: { readonly address: string; signInLink(): Promise<string> }): Promise<void> {
  console.log(`\n  Earshot ${version} runs on ${server.address}\n`);
  console.log(`  Sign in with this link (once, within 15 minutes):\n  ${await server.signInLink()}\n`);
}

async function serveChat(config: ChatConfig): Promise<void> {
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
