import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { LiveEntry } from '@earshot/chat/contract';
import { type Postgres, postgresPath, startPostgres } from '../support/postgres.ts';
import { EarshotProcess } from '../support/process.ts';
import { type Redis, redisPath, startRedis } from '../support/redis.ts';
import { vectorApp } from '../support/server.ts';
import { Person, type Place } from './support/person.ts';

/*
 * What is done at its time, by nodes of which the one that does it is killed in the middle: it is held up at a row which the
 * test has locked, so that it is known who it is and that it has not finished.
 */

const leaseSeconds = 3;
const dayMs = 24 * 3_600_000;

/** A row that whoever does it has to have, and how one sees that it was done. */
interface Duty {
  /** Of the timer. */
  readonly kind: string;
  /** Its condition, in SQL. */
  readonly subject: string;
  readonly locked: string;
  /** What is counted: the table, and on what; `when` is said of its row. */
  readonly counted: {
    readonly table: string;
    readonly on: 'insert' | 'update' | 'delete';
    readonly when: string;
  };
}

const duties: Record<string, (place: Place, sql: Sql) => Promise<Duty>> = {
  async 'an invitation expires'(place, sql) {
    const [anna, berta] = [await Person.guest(place, 'Asker'), await Person.guest(place, 'Asked')];
    const { invitation } = await anna.must<{ invitation: { id: string } }>('POST', '/invitations', {
      to: berta.id,
    });
    await sql.unsafe(`update chat_invitations set expires_at = 0 where id = '${invitation.id}'`);
    return {
      kind: 'invitation-expiry',
      subject: invitation.id,
      locked: `select 1 from chat_invitations where id = '${invitation.id}' for update`,
      counted: { table: 'chat_invitations', on: 'update', when: `new.state = 'expired'` },
    };
  },
  async 'the grace of somebody who has left ends'(place, sql) {
    const anna = await Person.guest(place, 'Leaver');
    await anna.online();
    const isConnected = `select 1 as found from chat_statuses where user_id = '${anna.id}' and connected = 1`;
    await eventually(async () => (await sql.unsafe(isConnected)).length === 1, 'Anna to be online');
    anna.pusher?.disconnect();
    const isLeaving = `select 1 as found from chat_statuses where user_id = '${anna.id}' and leaving_at is not null`;
    await eventually(async () => (await sql.unsafe(isLeaving)).length === 1, 'Anna to be leaving');
    await sql.unsafe(`update chat_statuses set leaving_at = leaving_at - 10000 where user_id = '${anna.id}'`);
    return {
      kind: 'presence-grace',
      subject: anna.id,
      locked: `select 1 from chat_statuses where user_id = '${anna.id}' for update`,
      counted: { table: 'chat_statuses', on: 'update', when: 'old.online = 1 and new.online = 0' },
    };
  },
  async 'old messages go'(place, sql) {
    const anna = await Person.guest(place, 'Writer');
    const { id } = await anna.openLobby();
    const { seq } = await anna.send(id, 'said long ago');
    const ofIt = `conversation = '${id}' and seq = ${seq}`;
    await sql.unsafe(`update chat_messages set at = ${Date.now() - 2 * dayMs} where ${ofIt}`);
    return {
      kind: 'conversations.retention',
      subject: '',
      locked: `select 1 from chat_messages where ${ofIt} for update`,
      counted: {
        table: 'chat_messages',
        on: 'delete',
        when: `old.conversation = '${id}' and old.seq = ${seq}`,
      },
    };
  },
  async 'an import goes on'(place, sql) {
    const anna = await Person.guest(place, 'Importer');
    const id = 'an-import';
    // Without a token of the provider the next page is the end of it.
    await sql.unsafe(`insert into chat_imports
      (app_id, id, user_id, provider, state, found, done, added, failures, created_at)
      values ('${vectorApp.id}', '${id}', '${anna.id}', 'github', 'running', 200, 100, 100, 0, ${Date.now()})`);
    await sql.unsafe(`insert into chat_timers (app_id, kind, subject, due_at, failures)
      values ('${vectorApp.id}', 'import', '${id}', ${Date.now() + dayMs}, 0)`);
    return {
      kind: 'import',
      subject: id,
      locked: `select 1 from chat_imports where id = '${id}' for update`,
      counted: { table: 'chat_imports', on: 'update', when: `new.state = 'failed'` },
    };
  },
  async 'an empty live room ends'(place, sql) {
    const json = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' };
    const { room } = (await (await place.fetch('/live/rooms', json)).json()) as { room: string };
    const entry = (await (await place.fetch(`/live/rooms/${room}/enter`, json)).json()) as LiveEntry;
    await sql.unsafe(`update chat_live_seats set held_until = 0 where participant = '${entry.participant}'`);
    const [row] = await sql.unsafe(
      `select room from chat_live_seats where participant = '${entry.participant}'`,
    );
    return {
      kind: 'live-room-end',
      subject: row?.room ?? '',
      locked: `select 1 from chat_live_seats where room = '${row?.room}' for update`,
      counted: { table: 'chat_live_rooms', on: 'delete', when: `old.room = '${row?.room}'` },
    };
  },
};

type Sql = InstanceType<typeof Bun.SQL>;

/** Besides the lease: the machine may be busy. */
const patienceMs = 60_000;

async function eventually(holds: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await Bun.sleep(20);
  }
}

describe.skipIf(redisPath === undefined || postgresPath === undefined)('kill -9 of who does it', () => {
  let redis: Redis;
  let postgres: Postgres;
  let url = '';
  let sql: Sql;
  const nodes = new Map<string, EarshotProcess>();
  let started = 0;

  /** Each is another user of the database, so that it says whose work waits. */
  async function startNode(): Promise<void> {
    const name = `node${++started}`;
    await postgres.execute(url, `create role ${name} superuser login`);
    const address = new URL(url);
    address.username = name;
    const node = await EarshotProcess.start(
      {
        EARSHOT_DATABASE_URL: address.href,
        EARSHOT_REDIS_URL: `${redis.url}/0`,
        EARSHOT_LEASE_SECONDS: `${leaseSeconds}`,
        EARSHOT_APP_CHAT_RETENTION_DAYS: '1',
        EARSHOT_APP_CHAT_SIGN_INS_PER_MINUTE: '0',
      },
      60_000,
    );
    nodes.set(name, node);
  }

  beforeAll(async () => {
    [redis, postgres] = await Promise.all([startRedis(), startPostgres()]);
    url = await postgres.createDatabase();
    sql = new Bun.SQL(url, { max: 3 });
    for (let node = 0; node < 3; node++) await startNode();
  });
  afterAll(async () => {
    await Promise.all([...nodes.values()].map((node) => node[Symbol.asyncDispose]()));
    await sql.close({ timeout: 0 });
    await postgres[Symbol.asyncDispose]();
    await redis[Symbol.asyncDispose]();
  });

  /** Counts what is committed, whoever does it. */
  async function count({ table, on, when }: Duty['counted']): Promise<() => Promise<number>> {
    const name = `done_${table}`;
    await sql.unsafe(`create table if not exists done (what text)`);
    await sql.unsafe(`create or replace function ${name}() returns trigger language plpgsql as
      $$ begin insert into done values ('${name}'); return null; end $$`);
    await sql.unsafe(
      `create trigger ${name} after ${on} on ${table} for each row when (${when}) execute function ${name}()`,
    );
    return async () => (await sql.unsafe(`select 1 from done where what = '${name}'`)).length;
  }

  /** Whose statement waits for the row. */
  async function waiting(): Promise<string[]> {
    const rows = await sql.unsafe(
      `select distinct usename from pg_stat_activity where wait_event_type = 'Lock' and usename like 'node%'`,
    );
    return rows.map(({ usename }: { usename: string }) => usename);
  }

  test.each(Object.keys(duties))(
    '%s once, by another node',
    async (name) => {
      const cleanups: (() => void)[] = [];
      const [first] = nodes.values();
      if (first === undefined) throw new Error('no node runs');
      const { port } = first;
      const place: Place = {
        server: { host: '127.0.0.1', port, onStop: (cleanup) => void cleanups.push(() => void cleanup()) },
        app: vectorApp.key,
        fetch: (path, init) => fetch(`http://127.0.0.1:${port}/chat/api/v1${path}`, init),
      };
      const duty = await duties[name]?.(place, sql);
      if (duty === undefined) throw new Error(`no duty ${name}`);
      const done = await count(duty.counted);
      const timer = `kind = '${duty.kind}' and subject = '${duty.subject}'`;
      await eventually(
        async () => (await sql.unsafe(`select 1 from chat_timers where ${timer}`)).length === 1,
        'the timer',
      );
      const lock = new Bun.SQL(url, { max: 1 });
      try {
        let killed = '';
        await lock.begin(async (transaction) => {
          await transaction.unsafe(duty.locked);
          // Its time comes.
          await sql.unsafe(`update chat_timers set due_at = 0 where ${timer}`);
          await eventually(async () => (await waiting()).length > 0, 'a node to do it');
          [killed = ''] = await waiting();
          expect(await waiting()).toEqual([killed]);
          nodes.get(killed)?.signal('SIGKILL');
          await nodes.get(killed)?.exited;
          expect(await done()).toBe(0);
        });
        await nodes.get(killed)?.[Symbol.asyncDispose]();
        nodes.delete(killed);
        await eventually(async () => (await done()) > 0, 'another node to do it');
        await eventually(
          async () =>
            (await sql.unsafe(`select 1 from chat_timers where ${timer} and lease is not null`)).length === 0,
          'the end of the lease',
        );
        // Nobody has it left to do: it was done once, and is not due again at once.
        const left = await sql.unsafe(
          `select 1 from chat_timers where ${timer} and due_at < ${Date.now() + 60_000}`,
        );
        expect([await done(), left.length]).toEqual([1, 0]);
      } finally {
        for (const cleanup of cleanups) cleanup();
        await lock.close({ timeout: 0 });
      }
      await startNode();
    },
    180_000,
  );
});
