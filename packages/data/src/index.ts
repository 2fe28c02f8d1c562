export { type Generated, type Kysely, type Migration, type RawBuilder, sql, type Transaction } from 'kysely';
export { type Database, openDatabase } from './database.ts';
export { DataError } from './error.ts';
export { lockDataFolder } from './folder-lock.ts';
export { migrate } from './migrate.ts';
export {
  type DatabaseOwner,
  ownSqlite,
  type StatementAnswer,
  type StatementRequest,
  type StatementSession,
} from './owner.ts';
export { openRemoteDatabase } from './remote.ts';
export { copySqlite } from './sqlite-copy.ts';
export { exportLines, importLines, type Transferred } from './transfer.ts';
