import { type Id, type ImportJob, inboxOf } from '../contract/index.ts';
import type { Caller, ChatTransaction } from '../core/core.ts';
import { newId } from '../ids.ts';
import { refuse } from '../refusal.ts';
import { contactsMax } from './contacts.ts';
import { type FoundContact, type Importer, ImportFailure, type ImportPage } from './importer.ts';
import { lockPersons } from './lock.ts';
import type { PeopleParts, ProviderTokens } from './parts.ts';
import type { Pending } from './pending.ts';
import type { PeopleTables } from './tables.ts';

export const importTimer = 'import';
/** Of a person and a provider. */
export const aliasTimer = 'import-alias';

/** Tries of one page of a provider that cannot be reached: after 1 s, 2 s, 4 s, … */
const triesMax = 8;
const retryFirstMs = 1_000;

class JobGone extends Error {}

type ImportRow = PeopleTables['chat_imports'];

/**
 * Imports of contacts from providers, in the background: one page a turn, each stored with how far it is, so that it goes on
 * after a crash without doing anything twice. Only ever begun by the person whose contacts they are.
 */
export class Imports {
  readonly #parts: PeopleParts;
  readonly #pending: Pending;
  readonly #tokens: ProviderTokens;
  readonly #importers: ReadonlyMap<string, Importer>;

  constructor(parts: PeopleParts, pending: Pending, tokens: ProviderTokens, importers: readonly Importer[]) {
    this.#parts = parts;
    this.#pending = pending;
    this.#tokens = tokens;
    this.#importers = new Map(importers.map((importer) => [importer.provider, importer]));
    parts.core.timers.on(importTimer, (appId, id) => this.#turn(appId, id));
    parts.core.timers.on(aliasTimer, (appId, subject) => this.#noteAlias(appId, subject));
  }

  /** Begins one, or gives the one that goes on. */
  async begin({ app, user }: Caller, provider: string): Promise<ImportJob> {
    const { core } = this.#parts;
    if (!this.#importers.has(provider)) {
      refuse('bad_request', { field: 'provider', message: 'Contacts cannot be imported from there.' });
    }
    if ((await this.#tokens.token(app.id, user, provider)) === null) {
      refuse('conflict', { field: 'provider', message: 'Sign in with this provider again, then import.' });
    }
    const row = await core.db.transaction().execute(async (trx): Promise<ImportRow> => {
      await lockPersons(trx, app.id, [user], core.clock.now());
      const before = await trx
        .selectFrom('chat_imports')
        .selectAll()
        .where('app_id', '=', app.id)
        .where('user_id', '=', user)
        .where('provider', '=', provider)
        .execute();
      const running = before.find(({ state }) => state === 'waiting' || state === 'running');
      if (running !== undefined) return running;
      await trx
        .deleteFrom('chat_imports')
        .where('app_id', '=', app.id)
        .where('user_id', '=', user)
        .where('provider', '=', provider)
        .execute();
      const fresh: ImportRow = {
        app_id: app.id,
        id: newId(),
        user_id: user,
        provider,
        state: 'waiting',
        found: 0,
        done: 0,
        added: 0,
        error: null,
        cursor: null,
        failures: 0,
        created_at: core.clock.now(),
      };
      await trx.insertInto('chat_imports').values(fresh).execute();
      await core.timers.set(trx, importTimer, app.id, fresh.id, core.clock.now());
      await this.#tell(trx, fresh);
      return fresh;
    });
    await core.outbox.flush();
    return jobOf(row);
  }

  /** The newest of each provider. */
  async of(appId: string, person: Id): Promise<ImportJob[]> {
    const rows = await this.#parts.core.db
      .selectFrom('chat_imports')
      .selectAll()
      .where('app_id', '=', appId)
      .where('user_id', '=', person)
      .orderBy('created_at', 'desc')
      .execute();
    return rows.map(jobOf);
  }

  /** Somebody has signed in with a provider: finds out, soon, by which name the contacts of others know them there. */
  async signedIn(appId: string, person: Id, identity: FoundContact): Promise<void> {
    const { core } = this.#parts;
    for (const importer of this.#importers.values()) {
      if (importer.alias === undefined) continue;
      const access = await this.#tokens.token(appId, person, importer.provider);
      if (access?.issuer !== identity.issuer) continue;
      const subject = `${person} ${importer.provider}`;
      await core.db
        .transaction()
        .execute((trx) => core.timers.set(trx, aliasTimer, appId, subject, core.clock.now()));
    }
  }

  async #noteAlias(appId: string, subject: string): Promise<void> {
    const [person = '', provider = ''] = subject.split(' ');
    const importer = this.#importers.get(provider);
    const access = await this.#tokens.token(appId, person, provider);
    if (access === null || importer?.alias === undefined) return;
    try {
      await this.#pending.keepAlias(appId, person, await importer.alias(access));
    } catch (error) {
      // What else fails is tried again.
      if (!(error instanceof ImportFailure && error.code === 'access_denied')) throw error;
    }
  }

  /** One page. */
  async #turn(appId: string, id: Id): Promise<void> {
    const { core } = this.#parts;
    const row = await core.db
      .selectFrom('chat_imports')
      .selectAll()
      .where('app_id', '=', appId)
      .where('id', '=', id)
      .executeTakeFirst();
    if (row === undefined || row.state === 'done' || row.state === 'failed') return;
    const importer = this.#importers.get(row.provider);
    try {
      const access = await this.#tokens.token(appId, row.user_id, row.provider);
      if (access === null || importer === undefined) {
        throw new ImportFailure('access_denied', 'There is no token to import with');
      }
      await this.#store(row, await importer.page(access, row.cursor));
    } catch (error) {
      if (error instanceof JobGone) return;
      if (!(error instanceof ImportFailure)) throw error;
      await this.#failed(row, error);
    }
    await core.outbox.flush();
  }

  async #store(row: ImportRow, page: ImportPage): Promise<void> {
    const { core } = this.#parts;
    const done = row.done + page.contacts.length;
    const isLast = page.next === null || page.next === row.cursor || done >= contactsMax;
    const origin = { source: 'provider', provider: row.provider } as const;
    await this.#pending.add(row.app_id, row.user_id, page.contacts, origin, async (trx, added) => {
      await this.#refuseWhenGone(trx, row);
      const found = isLast ? done : Math.max(done, Math.min(page.total ?? row.found, contactsMax));
      const changed: ImportRow = {
        ...row,
        state: isLast ? 'done' : 'running',
        found,
        done,
        added: row.added + added,
        cursor: page.next,
        failures: 0,
        error: null,
      };
      await this.#write(trx, changed);
      if (!isLast) {
        await core.timers.set(trx, importTimer, row.app_id, row.id, core.clock.now() + page.waitMs);
      }
    });
  }

  /** The person is erased, or another process has stored this page: nothing of it counts then. */
  async #refuseWhenGone(trx: ChatTransaction, row: ImportRow): Promise<void> {
    const held = await trx
      .selectFrom('chat_imports')
      .select(['user_id', 'done'])
      .where('app_id', '=', row.app_id)
      .where('id', '=', row.id)
      .executeTakeFirst();
    if (held?.user_id !== row.user_id || held.done !== row.done) throw new JobGone();
  }

  async #failed(row: ImportRow, { code, waitMs }: ImportFailure): Promise<void> {
    const { core } = this.#parts;
    const failures = code === 'rate_limited' ? row.failures : row.failures + 1;
    const isOver = code === 'access_denied' || failures >= triesMax;
    const wait = code === 'rate_limited' ? waitMs : retryFirstMs * 2 ** (failures - 1);
    await core.db.transaction().execute(async (trx) => {
      await this.#write(trx, {
        ...row,
        state: isOver ? 'failed' : 'running',
        failures,
        error: isOver || code === 'rate_limited' ? code : row.error,
      });
      if (!isOver) await core.timers.set(trx, importTimer, row.app_id, row.id, core.clock.now() + wait);
    });
  }

  async #write(trx: ChatTransaction, row: ImportRow): Promise<void> {
    const { app_id, id, state, found, done, added, cursor, failures, error } = row;
    await trx
      .updateTable('chat_imports')
      .set({ state, found, done, added, cursor, failures, error })
      .where('app_id', '=', app_id)
      .where('id', '=', id)
      .execute();
    await this.#tell(trx, row);
  }

  async #tell(trx: ChatTransaction, row: ImportRow): Promise<void> {
    const inbox = [inboxOf(row.user_id)];
    await this.#parts.core.outbox.add(trx, row.app_id, inbox, 'import_progress', { job: jobOf(row) });
  }
}

function jobOf({ id, provider, state, found, done, added, error }: ImportRow): ImportJob {
  return { id, provider, state, found, done, added, error };
}
