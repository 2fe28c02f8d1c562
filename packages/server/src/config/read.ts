import { didYouMean, refusal, type Setting } from '@earshot/base';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What a program can be told. Values of `server` have their default when nothing is said; those of `app` are left out. */
export interface Tables {
  readonly server: ReadonlyMap<string, Setting<unknown>>;
  readonly app: ReadonlyMap<string, Setting<unknown>>;
}

/** Reads the tables from command line and environment, and reports all that is wrong at once. */
export function readTables(
  argv: readonly string[],
  env: Environment,
  tables: Tables,
): { server: Record<string, unknown>; app: Record<string, unknown> } | { errors: string[] } {
  const errors: string[] = [];
  const rows = [...tables.server.values(), ...tables.app.values()];
  const flags = readFlags(argv, rows, errors);
  refuseUnknownVariables(env, rows, errors);

  const server: Record<string, unknown> = {};
  for (const [name, row] of tables.server) server[name] = readValue(row, flags, env, errors) ?? row.default;
  const app: Record<string, unknown> = {};
  for (const [name, row] of tables.app) {
    const value = readValue(row, flags, env, errors);
    if (value !== undefined) app[name] = value;
  }
  return errors.length > 0 ? { errors } : { server, app };
}

interface Named {
  readonly env: string;
  readonly flag?: string;
}

/** The values of the flags by flag; what is no flag is reported. */
function readFlags(argv: readonly string[], rows: readonly Named[], errors: string[]): Map<string, string> {
  const known = rows.flatMap((row) => row.flag ?? []);
  const values = new Map<string, string>();
  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index] ?? '';
    const [, flag = argument, inline] = /^(--[^=]*)=(.*)$/s.exec(argument) ?? [];
    if (!known.includes(flag)) {
      const meant = didYouMean(flag, known);
      errors.push(
        `${JSON.stringify(flag)} is not an argument. ${meant === undefined ? '' : `Did you mean ${meant}? `}All of them: --help`,
      );
      // What follows is most likely its value, and needs no complaint of its own.
      if (argument.startsWith('-') && argv[index + 1]?.startsWith('-') === false) index++;
      continue;
    }
    const value = inline ?? argv[++index];
    if (value === undefined) errors.push(`${flag} is without a value; expected ${flag} and a value`);
    else values.set(flag, value);
  }
  return values;
}

/** Variables of the project that are no settings: tools that its own tests are pointed at. */
const testVariables = /^EARSHOT_TEST_/;

function refuseUnknownVariables(env: Environment, rows: readonly Named[], errors: string[]): void {
  const known = new Set(rows.map((row) => row.env));
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith('EARSHOT_') || value === undefined) continue;
    if (known.has(name) || testVariables.test(name)) continue;
    const meant = didYouMean(name, known);
    errors.push(
      `${name} is not a setting. ${meant === undefined ? 'Unset it.' : `Did you mean ${meant}?`} All of them: --help`,
    );
  }
}

function readValue(
  row: Setting<unknown>,
  flags: ReadonlyMap<string, string>,
  env: Environment,
  errors: string[],
): unknown {
  const fromFlag = row.flag === undefined ? undefined : flags.get(row.flag);
  const found = fromFlag ?? env[row.env];
  if (found === undefined || (found === '' && fromFlag === undefined)) return undefined;
  const value = row.kind.parse(found);
  if (value === undefined) {
    errors.push(
      fromFlag === undefined ? refusal(row, row.env, found) : refusal(row, row.flag ?? row.env, found, ' '),
    );
  }
  return value;
}
