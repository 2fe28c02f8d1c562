/** A process that migrates the database given, as soon as it is told to. See migrate.test.ts. */
import { type Migration, migrate, openDatabase, sql } from '@earshot/data';

const migrations: Record<string, Migration> = {
  '1-runs': {
    async up(db) {
      await sql`create table runs (name text not null)`.execute(db);
      await sql`insert into runs values ('1-runs')`.execute(db);
    },
  },
  '2-more': {
    async up(db) {
      await sql`alter table runs add column process integer`.execute(db);
      await sql`insert into runs values ('2-more', ${process.pid})`.execute(db);
    },
  },
};

console.log('ready');
for await (const _ of console) break;
const database = await openDatabase(process.argv[2] ?? '');
await migrate(database, 'server', migrations);
await database.close();
console.log('done');
process.exit(0);
