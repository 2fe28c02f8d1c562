import { sql } from '@earshot/data';
import type { ChatTransaction, Core } from '../core/core.ts';

/**
 * Until the transaction ends, nobody else is between here and there with the same subject. SQLite has one writer at a time
 * anyway; PostgreSQL is told whom to keep apart.
 */
export async function lockSubject(
  trx: ChatTransaction,
  { kind }: Pick<Core, 'kind'>,
  ...subject: readonly string[]
): Promise<void> {
  if (kind !== 'postgres') return;
  await sql`select pg_advisory_xact_lock(hashtextextended(${JSON.stringify(subject)}, 0))`.execute(trx);
}
