#!/usr/bin/env bun
import { createLog } from '@earshot/base';
import { DataError } from '@earshot/data';
import { version } from '../package.json';
import { type Config, readConfig } from './config.ts';
import { loginLink } from './login-link.ts';
import { createServer, type EarshotServer } from './server.ts';
import { StartError } from './start-error.ts';

const [command, ...rest] = process.argv.slice(2);
if (command === '--version') console.log(version);
else if (command === 'login-link') await run(rest, async (config) => console.log(await loginLink(config)));
else await run(process.argv.slice(2), serve);

/** Reads the settings, and turns what is wrong with them or with the start into text for a person and exit code 1. */
async function run(argv: string[], task: (config: Config) => Promise<void>): Promise<void> {
  const read = readConfig(argv, process.env);
  if ('help' in read) {
    console.log(read.help);
    return;
  }
  if ('errors' in read) fail(read.errors);
  try {
    await task(read.config);
  } catch (error) {
    if (error instanceof StartError || error instanceof DataError) fail([error.message]);
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
  // A bug in one place must not end everybody's connections.
  process.on('uncaughtException', (error) => log.error({ err: error }, 'an exception was not caught'));
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'a rejection was not caught'));

  let server: EarshotServer | null = null;
  let isDraining = false;
  const shutDown = async (signal: NodeJS.Signals) => {
    if (server === null) process.exit(0);
    if (isDraining) process.exit(1);
    isDraining = true;
    log.info({ signal, seconds: config.drainSeconds }, 'draining; a second signal exits at once');
    try {
      await server.drain();
      process.exit(0);
    } catch (error) {
      log.error({ err: error }, 'the drain failed');
      process.exit(1);
    }
  };
  process.on('SIGTERM', shutDown);
  process.on('SIGINT', shutDown);

  server = await createServer({ config, log });
  log.info({ url: server.url, tlsUrl: server.tlsUrl, version }, 'listening');
  if (process.stdout.isTTY) {
    console.log(`\n  Earshot ${version} runs on ${server.address}\n`);
    console.log(`  Sign in with this link (once, within 15 minutes):\n  ${await server.signInLink()}\n`);
  }
}
