import { systemClock } from '@earshot/base';
import { type Database, DataError, openDatabase } from '@earshot/data';
import { openAppRegistry } from '../apps/registry.ts';
import type { Environment } from '../config/read.ts';
import { type Config, readConfig } from '../config.ts';
import { openOperators } from '../operators/open.ts';
import { StartError } from '../start-error.ts';
import { appCommands } from './apps.ts';
import {
  CommandError,
  checkWords,
  find,
  groupHelp,
  type Outcome,
  parse,
  type Subcommand,
  UsageError,
} from './command.ts';
import { loginLink } from './login-link.ts';
import { operatorCommands } from './operators.ts';
import { type PathCommand, transferCommands } from './transfer.ts';

type Work = (config: Config) => Promise<Outcome>;

/** A command beside the server: its arguments in, its exit code out. */
export type Command = (argv: readonly string[], env: Environment) => Promise<number>;

/** `earshot login-link` */
export const loginLinkCommand: Command = (argv, env) =>
  carryOut('login-link', async () => {
    const parsed = parse(argv);
    if (parsed.help) return loginLinkHelp;
    if (parsed.words.length > 0) throw new UsageError('Expected: earshot login-link. Found a word after it.');
    const work: Work = async (config) => {
      const link = await loginLink(config);
      return { text: link, json: { link } };
    };
    return withSettings(parsed.settings, env, parsed.json, work);
  });

/** `earshot apps …` */
export const appsCommand: Command = group(
  'apps',
  'Apps of this server: their keys and settings.',
  appCommands,
  async (database, config, task) => {
    const apps = await openAppRegistry({ database, config, clock: systemClock });
    try {
      return await task(apps);
    } finally {
      await apps.close();
    }
  },
);

/** `earshot operators …` */
export const operatorsCommand: Command = group(
  'operators',
  'Who may sign in at /dashboard by name and password.',
  operatorCommands,
  async (database, _config, task) => task(await openOperators(database, systemClock)),
);

/** `earshot export FILE`, `earshot import FILE`, `earshot backup FOLDER` */
export const exportCommand: Command = withPath('export', transferCommands.export);
export const importCommand: Command = withPath('import', transferCommands.import);
export const backupCommand: Command = withPath('backup', transferCommands.backup);

function withPath(name: string, { takes, about, run }: PathCommand): Command {
  return (argv, env) =>
    carryOut(name, async () => {
      const parsed = parse(argv);
      if (parsed.help) return `${about}\n\nearshot ${name} ${takes} [--json] [settings of the server]\n`;
      const [path] = parsed.words;
      if (path === undefined || parsed.words.length > 1) {
        throw new UsageError(
          `Expected: earshot ${name} ${takes}. Found ${parsed.words.length} words after it.`,
        );
      }
      return withSettings(parsed.settings, env, parsed.json, (config) => run(config, path));
    });
}

const loginLinkHelp = [
  'Prints a new sign-in link for the server with these settings: good once, for 15 minutes.',
  '',
  'earshot login-link [--json] [settings of the server]',
  '',
].join('\n');

function group<Parts>(
  name: string,
  about: string,
  subcommands: Readonly<Record<string, Subcommand<Parts>>>,
  open: (database: Database, config: Config, task: (parts: Parts) => Promise<Outcome>) => Promise<Outcome>,
): Command {
  return (argv, env) =>
    carryOut(name, async () => {
      const [word, ...rest] = argv;
      if (word === undefined || word === '--help' || word === '-h')
        return groupHelp(name, about, subcommands);
      const subcommand = find(name, subcommands, word);
      const parsed = parse(rest, subcommand.flags);
      if (parsed.help) return groupHelp(name, about, { [word]: subcommand });
      checkWords(`${name} ${word}`, subcommand, parsed.words);
      return withSettings(parsed.settings, env, parsed.json, async (config) => {
        const database = await openDatabase(config.databaseUrl);
        try {
          return await open(database, config, (parts) => subcommand.run(parts, parsed));
        } finally {
          await database.close();
        }
      });
    });
}

async function withSettings(
  argv: readonly string[],
  env: Environment,
  json: boolean,
  work: Work,
): Promise<string> {
  const read = readConfig(argv, env);
  if ('help' in read) return read.help;
  if ('errors' in read) throw new CommandError(read.errors.join('\n'));
  const outcome = await work(read.config);
  return json ? JSON.stringify(outcome.json, null, 2) : outcome.text;
}

/** Prints what came of it, or why nothing did. */
async function carryOut(name: string, task: () => Promise<string>): Promise<number> {
  try {
    console.log(await task());
    return 0;
  } catch (error) {
    const isUsage = error instanceof UsageError;
    const isExpected =
      error instanceof CommandError || error instanceof StartError || error instanceof DataError;
    if (!isUsage && !isExpected) throw error;
    for (const line of error.message.split('\n')) console.error(`earshot ${name}: ${line}`);
    return isUsage ? 2 : 1;
  }
}
