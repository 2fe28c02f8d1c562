import { afterEach, expect, test } from 'bun:test';
import { ManualClock } from '@earshot/base';
import type { Operator } from '@earshot/dashboard';
import { type Database, openDatabase } from '@earshot/data';
import { onEachDatabase } from '../../../../tests/support/databases.ts';
import { settleOperators } from './open.ts';
import type { Operators, Refused } from './operators.ts';

const password = 'a long enough password';
const nothingSet = { adminPassword: null, letIn: [] };

onEachDatabase((fresh) => {
  const opened: Database[] = [];
  afterEach(async () => {
    for (const database of opened.splice(0)) await database.close();
  });

  async function open(
    url: string,
    settings: Partial<Parameters<typeof settleOperators>[2]> = {},
    clock = new ManualClock(),
  ) {
    const database = await openDatabase(url);
    opened.push(database);
    return settleOperators(database, clock, { ...nothingSet, ...settings });
  }

  async function created(operators: Operators, name: string): Promise<Operator> {
    const operator = await operators.create(name, password);
    if ('refused' in operator) throw new Error(operator.refused);
    return operator;
  }

  async function tokenOf(operators: Operators, name: string, secret = password): Promise<string | null> {
    const answer = await operators.signIn(name, secret);
    return 'token' in answer ? answer.token : null;
  }

  test('an operator signs in with name and password, and nobody else does', async () => {
    const operators = await open(await fresh());
    expect(await operators.hasPasswords()).toBe(false);
    const ada = await created(operators, 'Ada');
    expect(await operators.hasPasswords()).toBe(true);
    const token = await tokenOf(operators, ' ada ');
    expect(await operators.session(token ?? '')).toMatchObject({ operator: { id: ada.id, name: 'Ada' } });
    for (const [name, wrong] of [
      ['Ada', 'another password'],
      ['Ada', ''],
      ['Ada', password.repeat(20)],
      ['nobody', password],
      ['__proto__', password],
    ] as const) {
      expect([name, await operators.signIn(name, wrong)]).toEqual([name, { refused: 'wrong' }]);
    }
  });

  test('names are taken once, however they are written; weak passwords are refused', async () => {
    const operators = await open(await fresh());
    await created(operators, 'Ada');
    const why = async (name: string, secret: string) => {
      const answer = (await operators.create(name, secret)) as Refused;
      return [answer.why, answer.field];
    };
    expect(await why('ＡＤＡ ', password)).toEqual(['taken', 'name']);
    expect(await why('', password)).toEqual(['invalid', 'name']);
    expect(await why('a\u202eb', password)).toEqual(['invalid', 'name']);
    expect(await why('Bob', '123456789')).toEqual(['invalid', 'password']);
    expect(await why('Bob', 'Password123')).toEqual(['invalid', 'password']);
    expect(await why('Bob', 'aaaaaaaaaaaaaa')).toEqual(['invalid', 'password']);
    expect((await operators.list()).map(({ name }) => name)).toEqual(['Ada']);
  });

  test('of two that take a name at once one gets it', async () => {
    const operators = await open(await fresh());
    const both = await Promise.all(['Ada', 'ada'].map((name) => operators.create(name, password)));
    expect(both.filter((answer) => 'refused' in answer)).toHaveLength(1);
  });

  test('a new password ends the other sessions, a deletion all', async () => {
    const operators = await open(await fresh());
    const ada = await created(operators, 'Ada');
    const [mine, other] = [await tokenOf(operators, 'Ada'), await tokenOf(operators, 'Ada')];
    let ended = 0;
    operators.onEnded(() => ended++);
    await operators.update(ada.id, { name: 'Ada L.' });
    expect(ended).toBe(0);
    await operators.update(ada.id, { password: `${password}!` }, mine);
    expect(ended).toBe(1);
    expect(await operators.session(other ?? '')).toBeNull();
    expect(await operators.session(mine ?? '')).toMatchObject({ operator: { name: 'Ada L.' } });
    expect(await tokenOf(operators, 'Ada L.')).toBeNull();
    expect(await operators.remove(ada.id)).toBe(true);
    expect(await operators.session(mine ?? '')).toBeNull();
    expect(await operators.remove(ada.id)).toMatchObject({ why: 'unknown' });
    expect(await operators.update(ada.id, { name: 'x' })).toMatchObject({ why: 'unknown' });
  });

  test('EARSHOT_ADMIN_PASSWORD wins at every start, and is locked', async () => {
    const url = await fresh();
    const first = await open(url, { adminPassword: password });
    const token = await tokenOf(first, 'admin');
    const [admin] = await first.list();
    expect(admin?.lockedBy).toBe('EARSHOT_ADMIN_PASSWORD');
    expect(await first.update(admin?.id ?? '', { password: 'something else' })).toMatchObject({
      why: 'locked',
    });
    expect(await first.remove(admin?.id ?? '')).toMatchObject({ why: 'locked' });
    const again = await open(url, { adminPassword: password });
    expect(await again.session(token ?? '')).not.toBeNull();
    const changed = await open(url, { adminPassword: `${password} 2` });
    expect(await changed.session(token ?? '')).toBeNull();
    expect(await tokenOf(changed, 'admin')).toBeNull();
    expect(await tokenOf(changed, 'admin', `${password} 2`)).not.toBeNull();
    const unset = await open(url);
    expect((await unset.list())[0]?.lockedBy).toBeNull();
    expect(await unset.remove(admin?.id ?? '')).toBe(true);
  });

  test('a provider lets in those on the list, as long as they are on it', async () => {
    const url = await fresh();
    const issuer = 'https://id.example';
    const operators = await open(url, { letIn: ['ada@example.com'] });
    expect(await operators.signInByProvider({ issuer, email: 'eve@example.com' })).toBeNull();
    expect(await operators.signInByProvider({ issuer, email: null })).toBeNull();
    const token = (await operators.signInByProvider({ issuer, email: 'Ada@Example.com' })) ?? '';
    expect(await operators.session(token)).toMatchObject({ operator: { name: 'ada@example.com' } });
    await operators.signInByProvider({ issuer, email: 'ada@example.com' });
    expect(await operators.list()).toHaveLength(1);
    expect(await operators.hasPasswords()).toBe(false);
    expect(await (await open(url)).session(token)).toBeNull();
  });

  test('nobody becomes an operator with a password by having that name elsewhere', async () => {
    const operators = await open(await fresh(), { letIn: ['ada@example.com'] });
    await created(operators, 'ada@example.com');
    const issuer = 'https://id.example';
    expect(await operators.signInByProvider({ issuer, email: 'ada@example.com' })).toBeNull();
  });

  test('a flood of sign-ins is refused rather than kept waiting', async () => {
    const operators = await open(await fresh());
    await created(operators, 'Ada');
    const answers = await Promise.all(
      Array.from({ length: 60 }, () => operators.signIn('Ada', 'wrong password')),
    );
    const busy = answers.filter((answer) => 'refused' in answer && answer.refused === 'busy');
    expect(busy.length).toBeGreaterThan(0);
    expect(busy.length).toBeLessThan(60);
    expect(await tokenOf(operators, 'Ada')).not.toBeNull();
  });

  test('no password and no token is in the database', async () => {
    const url = await fresh();
    const operators = await open(url);
    await created(operators, 'Ada');
    const token = await tokenOf(operators, 'Ada');
    const db = (await openDatabase(url)) as Database;
    opened.push(db);
    const rows = [];
    for (const table of ['operators', 'sessions']) {
      rows.push(
        ...(await db.kysely.withTables<Record<string, object>>().selectFrom(table).selectAll().execute()),
      );
    }
    expect(JSON.stringify(rows)).toContain('$argon2id$v=19$m=19456,t=2');
    expect(JSON.stringify(rows)).not.toContain(password);
    expect(JSON.stringify(rows)).not.toContain(token ?? '');
  });
});
