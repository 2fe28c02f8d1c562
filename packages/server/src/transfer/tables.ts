import { migrateChat } from '@earshot/chat';
import type { Database } from '@earshot/data';
import { openAppTables } from '../apps/tables.ts';
import { openOperatorTables } from '../operators/tables.ts';
import { openStatisticsTables } from '../statistics/tables.ts';
import { migrateWebhookTables } from '../webhooks/tables.ts';

/** Brings the tables of all parts up to date, as a start of the server does. */
export async function migrateAll(database: Database): Promise<void> {
  await openAppTables(database);
  await openOperatorTables(database);
  await openStatisticsTables(database);
  await migrateWebhookTables(database);
  await migrateChat(database);
}

/** Tables that have rows as soon as they are there. */
export const seededTables: ReadonlySet<string> = new Set([
  'app_revision',
  'statistics_folding',
  'webhook_revision',
]);
