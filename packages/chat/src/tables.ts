import type { Migration } from '@earshot/data';
import { type ConversationTables, conversationMigrations } from './conversations/tables.ts';
import { type KeyTables, keyMigrations } from './core/keys-tables.ts';
import { type CoreTables, coreMigrations } from './core/tables.ts';
import { type FileTables, fileMigrations } from './files/tables.ts';
import { type IdentityTables, identityMigrations } from './identity/tables.ts';
import { type LiveTables, liveMigrations } from './live/tables.ts';
import { type NotifyTables, notifyMigrations } from './notify/tables.ts';
import { type PeopleTables, peopleMigrations } from './people/tables.ts';
import { type ReportTables, reportMigrations } from './reports/tables.ts';

/** All tables of the chat. Each part owns its own and their migrations, in its `tables.ts`; names begin with `chat_`. */
export type ChatTables = ConversationTables &
  CoreTables &
  KeyTables &
  FileTables &
  IdentityTables &
  LiveTables &
  NotifyTables &
  PeopleTables &
  ReportTables;

/** Of all parts; they run in the order of their names. `migrate(database, 'chat', chatMigrations)`. */
export const chatMigrations: Record<string, Migration> = {
  ...conversationMigrations,
  ...coreMigrations,
  ...keyMigrations,
  ...fileMigrations,
  ...identityMigrations,
  ...liveMigrations,
  ...notifyMigrations,
  ...peopleMigrations,
  ...reportMigrations,
};
