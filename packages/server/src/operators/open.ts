import { randomBytes } from 'node:crypto';
import type { Clock } from '@earshot/base';
import type { Operator } from '@earshot/dashboard';
import type { Database } from '@earshot/data';
import type { Operators, Refused, Vouched } from './operators.ts';
import { Passwords, passwordProblem, TooBusyError } from './passwords.ts';
import { Sessions } from './sessions.ts';
import { type OperatorDatabase, type OperatorTables, openOperatorTables } from './tables.ts';

const adminName = 'admin';
const adminPasswordVariable = 'EARSHOT_ADMIN_PASSWORD';
/** How exact "last seen" is; every request would be a write otherwise. */
const seenEveryMs = 60_000;

/** Of the settings: what the environment says of operators. */
export interface OperatorSettings {
  readonly adminPassword: string | null;
  /** Addresses that the provider may vouch for, in lower case. */
  readonly letIn: readonly string[];
}

type Row = OperatorTables['operators'];

/** Opens the tables, and creates them on the first start. For commands beside a server, which settles nothing itself. */
export async function openOperators(
  database: Database,
  clock: Clock,
  settings: Pick<OperatorSettings, 'letIn'> = { letIn: [] },
): Promise<Operators> {
  return new StoredOperators(await openOperatorTables(database), clock, settings.letIn);
}

/** The operators of a server: `EARSHOT_ADMIN_PASSWORD` sets the password of `admin`, who is made if need be. */
export async function settleOperators(
  database: Database,
  clock: Clock,
  settings: OperatorSettings,
): Promise<Operators> {
  const operators = new StoredOperators(await openOperatorTables(database), clock, settings.letIn);
  await operators.settleAdmin(settings.adminPassword);
  return operators;
}

class StoredOperators implements Operators {
  readonly #db: OperatorDatabase;
  readonly #clock: Clock;
  readonly #letIn: ReadonlySet<string>;
  readonly #sessions: Sessions;
  readonly #passwords = new Passwords();
  readonly #listeners = new Set<() => void>();

  constructor(db: OperatorDatabase, clock: Clock, letIn: readonly string[]) {
    this.#db = db;
    this.#clock = clock;
    this.#letIn = new Set(letIn);
    this.#sessions = new Sessions(db, clock);
  }

  createLinkToken(): Promise<string> {
    return this.#sessions.createLinkToken();
  }

  redeem(linkToken: string): Promise<string | null> {
    return this.#sessions.redeem(linkToken);
  }

  async signIn(name: string, password: string) {
    const found = await this.#byName(name);
    try {
      const right = await this.#passwords.isRight(password, found?.password_hash ?? null);
      if (!right || found === undefined) return { refused: 'wrong' } as const;
    } catch (error) {
      if (error instanceof TooBusyError) return { refused: 'busy' } as const;
      throw error;
    }
    await this.#seen(found.id);
    return { token: await this.#sessions.begin(found.id) };
  }

  async signInByProvider({ issuer, email }: Vouched): Promise<string | null> {
    const address = email?.toLowerCase() ?? null;
    if (address === null || !this.#letIn.has(address)) return null;
    const known = await this.#db
      .selectFrom('operators')
      .select('id')
      .where('issuer', '=', issuer)
      .where('email', '=', address)
      .executeTakeFirst();
    const id = known?.id ?? (await this.#add({ name: address, issuer, email: address }))?.id;
    // Somebody else has that name already, and a password: whoever the provider names must not become them.
    if (id === undefined) return null;
    await this.#seen(id);
    return this.#sessions.begin(id);
  }

  async session(token: string) {
    const found = await this.#sessions.find(token);
    if (found === null || found.operatorId === null) return found && { operator: null };
    const row = await this.#byId(found.operatorId);
    if (row === undefined) return null;
    if (row.email !== null && !this.#letIn.has(row.email)) return null;
    if (this.#clock.now() - (row.last_seen_at ?? 0) >= seenEveryMs) await this.#seen(row.id);
    return { operator: asOperator(row) };
  }

  async end(token: string): Promise<void> {
    await this.#sessions.end(token);
    this.#tellEnded();
  }

  async hasPasswords(): Promise<boolean> {
    const found = await this.#db
      .selectFrom('operators')
      .select('id')
      .where('password_hash', 'is not', null)
      .limit(1)
      .executeTakeFirst();
    return found !== undefined;
  }

  onEnded(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async list(): Promise<Operator[]> {
    const rows = await this.#db
      .selectFrom('operators')
      .selectAll()
      .orderBy('created_at')
      .orderBy('id')
      .execute();
    return rows.map(asOperator);
  }

  async create(name: string, password: string): Promise<Operator | Refused> {
    const problem = nameProblem(name) ?? badPassword(password);
    if (problem !== null) return problem;
    const hash = await this.#hash(password);
    if (typeof hash !== 'string') return hash;
    return (await this.#add({ name: name.trim(), passwordHash: hash })) ?? nameTaken(name);
  }

  async update(
    id: string,
    patch: { readonly name?: string; readonly password?: string },
    keep: string | null = null,
  ): Promise<Operator | Refused> {
    const { name, password } = patch;
    const row = await this.#byId(id);
    if (row === undefined) return unknownOperator();
    const locked = this.#lockProblem(row);
    if (locked !== null) return locked;
    if (row.issuer !== null && password !== undefined) {
      return { why: 'invalid', refused: `${row.name} signs in by ${row.issuer} and has no password.` };
    }
    const problem =
      (name === undefined ? null : nameProblem(name)) ??
      (password === undefined ? null : badPassword(password));
    if (problem !== null) return problem;
    if (name !== undefined) {
      const other = await this.#byName(name);
      if (other !== undefined && other.id !== id) return nameTaken(name);
    }
    const hash = password === undefined ? null : await this.#hash(password);
    if (hash !== null && typeof hash !== 'string') return hash;
    await this.#db
      .updateTable('operators')
      .set({
        ...(name === undefined ? {} : { name: name.trim(), name_key: keyOf(name) }),
        ...(hash === null ? {} : { password_hash: hash }),
      })
      .where('id', '=', id)
      .execute();
    if (hash !== null) {
      await this.#sessions.endAllOf(id, keep);
      this.#tellEnded();
    }
    const changed = await this.#byId(id);
    return changed === undefined ? unknownOperator() : asOperator(changed);
  }

  async isPassword(id: string, password: string): Promise<boolean> {
    return this.#passwords.isRight(password, (await this.#byId(id))?.password_hash ?? null);
  }

  async remove(id: string): Promise<true | Refused> {
    const row = await this.#byId(id);
    if (row === undefined) return unknownOperator();
    const locked = this.#lockProblem(row);
    if (locked !== null) return locked;
    await this.#db.deleteFrom('operators').where('id', '=', id).execute();
    await this.#sessions.endAllOf(id);
    this.#tellEnded();
    return true;
  }

  /** What the environment says of `admin`, at a start. Nothing is written and no session ends when it is so already. */
  async settleAdmin(password: string | null): Promise<void> {
    const row = await this.#byName(adminName);
    if (password === null) {
      await this.#db
        .updateTable('operators')
        .set({ locked_by: null })
        .where('locked_by', 'is not', null)
        .execute();
      return;
    }
    const isSo = row !== undefined && (await this.#passwords.isRight(password, row.password_hash));
    const hash = isSo ? row.password_hash : await this.#passwords.hash(password);
    const id = row?.id ?? (await this.#add({ name: adminName, passwordHash: hash }))?.id;
    // Another node that starts at the same moment may have made it.
    const settled = id ?? (await this.#byName(adminName))?.id ?? '';
    await this.#db
      .updateTable('operators')
      .set({ password_hash: hash, issuer: null, email: null, locked_by: adminPasswordVariable })
      .where('id', '=', settled)
      .execute();
    if (!isSo) await this.#sessions.endAllOf(settled);
  }

  #byId(id: string): Promise<Row | undefined> {
    return this.#db.selectFrom('operators').selectAll().where('id', '=', id).executeTakeFirst();
  }

  #byName(name: string): Promise<Row | undefined> {
    return this.#db
      .selectFrom('operators')
      .selectAll()
      .where('name_key', '=', keyOf(name))
      .executeTakeFirst();
  }

  /** @returns null when the name is taken */
  async #add(operator: {
    readonly name: string;
    readonly passwordHash?: string | null;
    readonly issuer?: string;
    readonly email?: string;
  }): Promise<Operator | null> {
    const row: Row = {
      id: randomBytes(16).toString('base64url'),
      name: operator.name,
      name_key: keyOf(operator.name),
      password_hash: operator.passwordHash ?? null,
      issuer: operator.issuer ?? null,
      email: operator.email ?? null,
      locked_by: null,
      created_at: this.#clock.now(),
      last_seen_at: null,
    };
    const added = await this.#db
      .insertInto('operators')
      .values(row)
      .onConflict((conflict) => conflict.column('name_key').doNothing())
      .returning('id')
      .executeTakeFirst();
    return added === undefined ? null : asOperator(row);
  }

  async #seen(id: string): Promise<void> {
    await this.#db
      .updateTable('operators')
      .set({ last_seen_at: this.#clock.now() })
      .where('id', '=', id)
      .execute();
  }

  async #hash(password: string): Promise<string | Refused> {
    try {
      return await this.#passwords.hash(password);
    } catch (error) {
      if (!(error instanceof TooBusyError)) throw error;
      return { why: 'busy', refused: 'Too many passwords are being checked. Try again in a few seconds.' };
    }
  }

  #lockProblem({ name, locked_by }: Row): Refused | null {
    if (locked_by === null) return null;
    return {
      why: 'locked',
      refused: `${name} is set by ${locked_by} and would be back after a restart. Change it there, or unset it.`,
    };
  }

  #tellEnded(): void {
    for (const listener of this.#listeners) listener();
  }
}

function asOperator({ id, name, created_at, last_seen_at, locked_by }: Row): Operator {
  return { id, name, createdAt: created_at, lastSeenAt: last_seen_at, lockedBy: locked_by };
}

/** As names are compared: what looks alike, or differs in case, is one name. */
export function keyOf(name: string): string {
  return name.normalize('NFKC').trim().toLowerCase();
}

function nameProblem(name: string): Refused | null {
  if (/^[^\p{Cc}\p{Cf}]{1,100}$/u.test(name.trim())) return null;
  const refused = 'Expected a name of 1 to 100 characters without control characters.';
  return { why: 'invalid', field: 'name', refused };
}

function badPassword(password: string): Refused | null {
  const refused = passwordProblem(password);
  return refused === null ? null : { why: 'invalid', field: 'password', refused };
}

function nameTaken(name: string): Refused {
  const refused = `There is an operator of the name ${JSON.stringify(name.trim())} already. Choose another name.`;
  return { why: 'taken', field: 'name', refused };
}

function unknownOperator(): Refused {
  return { why: 'unknown', refused: 'There is no such operator; it may have been deleted meanwhile.' };
}
