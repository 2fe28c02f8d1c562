import { didYouMean } from '@earshot/base';

/** Something to be corrected in what was typed. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What was asked for cannot be done, with the reason. Exit code 1. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** One word after `earshot apps` or `earshot operators`. */
export interface Subcommand<Parts> {
  /** What follows the word, for the help: `ID KEY`. */
  readonly takes: string;
  readonly summary: string;
  /** Words that have to follow, and how many may. */
  readonly words: readonly [least: number, most: number];
  /** Flags of its own, with whether a value follows. */
  readonly flags?: Readonly<Record<string, { readonly value: boolean; readonly doc: string }>>;
  readonly run: (parts: Parts, given: Given) => Promise<Outcome>;
}

export interface Given {
  readonly words: readonly string[];
  readonly flags: ReadonlyMap<string, string>;
}

/** What a command has to say: to a person, and with `--json` to a program. */
export interface Outcome {
  readonly text: string;
  readonly json: unknown;
}

/** The words, the flags of the command, and what is left, which are flags of the settings. */
export interface Parsed extends Given {
  readonly json: boolean;
  readonly help: boolean;
  readonly settings: readonly string[];
}

/** @throws UsageError */
export function parse(argv: readonly string[], flags: Subcommand<never>['flags'] = {}): Parsed {
  const words: string[] = [];
  const own = new Map<string, string>();
  const settings: string[] = [];
  let json = false;
  let help = false;
  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index] ?? '';
    const [, name = argument, inline] = /^(--[^=]*)=(.*)$/s.exec(argument) ?? [];
    const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
    if (argument === '--json') json = true;
    else if (argument === '--help' || argument === '-h') help = true;
    else if (flag?.value === false) own.set(name, '');
    else if (flag !== undefined) {
      const value = inline ?? argv[++index];
      if (value === undefined) throw new UsageError(`${name} is without a value`);
      own.set(name, value);
    } else if (argument.startsWith('--')) {
      settings.push(argument);
      const value = argv[index + 1];
      if (inline === undefined && value !== undefined) settings.push(argv[++index] ?? '');
    } else words.push(argument);
  }
  return { words, flags: own, json, help, settings };
}

/** @throws UsageError when there is none of that name, or too few or too many words follow it */
export function find<Parts>(
  group: string,
  subcommands: Readonly<Record<string, Subcommand<Parts>>>,
  name: string,
): Subcommand<Parts> {
  const found = Object.hasOwn(subcommands, name) ? subcommands[name] : undefined;
  if (found !== undefined) return found;
  const meant = didYouMean(name, Object.keys(subcommands));
  throw new UsageError(
    `There is no command ${group} ${name}. ${meant === undefined ? '' : `Did you mean ${group} ${meant}? `}All of them: earshot ${group} --help`,
  );
}

export function checkWords<Parts>(
  name: string,
  { words: [least, most], takes }: Subcommand<Parts>,
  words: readonly string[],
): void {
  if (words.length >= least && words.length <= most) return;
  const found = words.length === 1 ? '1 word' : `${words.length} words`;
  throw new UsageError(`Expected: earshot ${name} ${takes}. Found ${found} after ${name}.`);
}

export function groupHelp<Parts>(
  group: string,
  about: string,
  subcommands: Readonly<Record<string, Subcommand<Parts>>>,
): string {
  const lines = Object.entries(subcommands).flatMap(([name, { takes, summary, flags = {} }]) => [
    `  ${`${name} ${takes}`.trim()}`,
    `      ${summary}`,
    ...Object.entries(flags).map(([flag, { value, doc }]) => `      ${flag}${value ? ' …' : ''}: ${doc}`),
  ]);
  return [
    about,
    '',
    `earshot ${group} COMMAND [--json] [settings of the server]`,
    '',
    ...lines,
    '',
    'Takes the settings of the server, from its environment and flags such as --data: give it the same. Works beside the running',
    'server, which takes a change over within two seconds. Exit code 0: done; 1: not done, with the reason; 2: not understood.',
    '',
  ].join('\n');
}

/** Columns under each other. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
