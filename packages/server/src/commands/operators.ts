import { randomBytes } from 'node:crypto';
import type { Operator } from '@earshot/dashboard';
import { keyOf } from '../operators/open.ts';
import type { Operators, Refused } from '../operators/operators.ts';
import { CommandError, type Given, type Subcommand, table } from './command.ts';
import { readPassword } from './password.ts';

const generate = {
  '--generate': { value: false, doc: 'makes a password and prints it, instead of reading one' },
} as const;

function orFail<Result extends object | true>(result: Result | Refused): Result {
  if (typeof result === 'object' && 'refused' in result) throw new CommandError(result.refused);
  return result;
}

async function operatorOf(operators: Operators, given: Given): Promise<Operator> {
  const name = given.words[0] ?? '';
  const found = (await operators.list()).find((one) => keyOf(one.name) === keyOf(name));
  if (found !== undefined) return found;
  throw new CommandError(
    `There is no operator ${JSON.stringify(name.slice(0, 100))}. All of them: earshot operators list`,
  );
}

/** @returns the password, and whether it was made here and has to be shown */
async function newPassword(given: Given): Promise<{ password: string; isMade: boolean }> {
  if (given.flags.has('--generate')) return { password: randomBytes(15).toString('base64url'), isMade: true };
  return { password: await readPassword(), isMade: false };
}

export const operatorCommands: Readonly<Record<string, Subcommand<Operators>>> = {
  list: {
    takes: '',
    summary: 'Lists who may sign in, the oldest first.',
    words: [0, 0],
    async run(operators) {
      const all = await operators.list();
      const rows = all.map(({ name, createdAt, lastSeenAt, lockedBy }) => [
        name,
        new Date(createdAt).toISOString(),
        lastSeenAt === null ? 'never' : new Date(lastSeenAt).toISOString(),
        lockedBy === null ? '' : `set by ${lockedBy}`,
      ]);
      return { text: table(['name', 'since', 'last seen', ''], rows), json: all };
    },
  },
  create: {
    takes: 'NAME',
    summary:
      'Lets somebody sign in at /dashboard. The password is read from the terminal, or from standard input.',
    words: [1, 1],
    flags: generate,
    async run(operators, given) {
      const { password, isMade } = await newPassword(given);
      const operator = orFail(await operators.create(given.words[0] ?? '', password));
      return {
        text: `Operator ${operator.name} may sign in.${isMade ? `\npassword  ${password}` : ''}`,
        json: isMade ? { ...operator, password } : operator,
      };
    },
  },
  password: {
    takes: 'NAME',
    summary: 'Sets another password, which ends their sessions.',
    words: [1, 1],
    flags: generate,
    async run(operators, given) {
      const { id } = await operatorOf(operators, given);
      const { password, isMade } = await newPassword(given);
      const operator = orFail(await operators.update(id, { password }));
      return {
        text: `The password of ${operator.name} is changed.${isMade ? `\npassword  ${password}` : ''}`,
        json: isMade ? { ...operator, password } : operator,
      };
    },
  },
  delete: {
    takes: 'NAME',
    summary: 'Lets somebody in no longer; their sessions end.',
    words: [1, 1],
    async run(operators, given) {
      const operator = await operatorOf(operators, given);
      orFail(await operators.remove(operator.id));
      return { text: `Operator ${operator.name} is deleted.`, json: { deleted: operator.name } };
    },
  },
};
