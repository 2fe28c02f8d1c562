import { expect, test } from 'bun:test';
import { createHmac } from 'node:crypto';
import { onEachDatabase } from '../../../../tests/support/databases.ts';
import { temporaryFolder } from '../../../../tests/support/server.ts';
import { createChat } from '../chat.ts';
import type { Id, SessionAnswer } from '../contract/index.ts';
import { newId } from '../ids.ts';
import { openTestChat } from '../testing.ts';
import { inventory, type TableInventory } from './inventory.ts';

type Row = Record<string, unknown>;

const tables: [string, TableInventory][] = Object.entries(inventory);
/** What fillers of a column must not be just anything. */
const values: Record<string, unknown> = {
  'chat_contacts.source': 'invitation',
  'chat_pending_contacts.source': 'provider',
  'chat_conversations.kind': 'direct',
  'chat_files.kind': 'file',
  'chat_files.state': 'claimed',
  'chat_files.stored': '0'.repeat(32),
  'chat_imports.state': 'done',
  'chat_invitations.state': 'accepted',
  'chat_members.role': 'member',
  'chat_members.notify': 'all',
  'chat_messages.kind': 'text',
  'chat_reports.state': 'open',
  'chat_reports.context': '[]',
  'chat_sessions.via': 'guest',
};
/** Columns with people's ids inside of JSON. */
const json: Record<string, (id: Id) => string> = {
  'chat_messages.mentions': (id) => JSON.stringify([id]),
  'chat_messages.system': (id) => JSON.stringify({ type: 'role', person: id, role: 'member' }),
};
/** Where the id of a guest may stay who turned out to be somebody: it leads to them (`chat_users.merged_into`). */
const leads = ['chat_users.id', 'chat_bans.banned_by', ...Object.keys(json)];
/** What a guest cannot have: with it they are somebody. */
const ofUsers = ['chat_identities', 'chat_provider_tokens'];

onEachDatabase((fresh) => {
  test('every column of every table is in the inventory', async () => {
    await using chat = await open(await fresh());
    const found = (await chat.schema()).map(({ name, columns }) => [
      name,
      columns.map(({ name }) => name).sort(),
    ]);
    const listed = tables.map(([name, { people, words, secrets, facts }]) => [
      name,
      [...people, ...words, ...secrets, ...facts].sort(),
    ]);
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(listed));
    for (const [name, { people, stays }] of tables) {
      expect([name, stays.filter((column) => !people.includes(column))]).toEqual([name, []]);
    }
  });

  test('a person’s copy has all their words and no secret; once erased, nothing of them is left', async () => {
    await using chat = await open(await fresh());
    const { me, accessToken } = await chat.guest('mark of chat_users.name');
    const marks = await chat.fill('1', me.id);
    await chat.fill('2', me.id);
    const elsewhere = JSON.stringify(await chat.rows('2'));

    const copy = await chat.ask('GET', '/me/export', accessToken);
    expect(copy.headers.get('Content-Disposition')).toBe('attachment; filename="chat-data.json"');
    const text = await copy.text();
    JSON.parse(text);
    expect(marks.words.filter((mark) => !text.includes(mark))).toEqual([]);
    expect(marks.secrets.filter((mark) => text.includes(mark))).toEqual([]);

    const unsure = await chat.ask('DELETE', '/me', accessToken, { confirm: 'yes' });
    expect(unsure.status).toBe(400);
    const erased = await chat.ask('DELETE', '/me', accessToken, { confirm: 'erase' });
    expect(erased.status).toBe(204);
    expect((await chat.ask('GET', '/me', accessToken)).status).toBe(401);
    const left = await chat.rows('1');
    const placeholders = tables.flatMap(([table, { stays }]) => stays.map((column) => `${table}.${column}`));
    expect(found(left, me.id).filter((place) => !placeholders.includes(place))).toEqual([]);
    expect(found(left, 'mark of ')).toEqual([]);
    expect(JSON.stringify(await chat.rows('2'))).toBe(elsewhere);
  });

  test('everything of a guest who turns out to be somebody becomes theirs', async () => {
    await using chat = await open(await fresh());
    const known = await chat.hostUser();
    const { me, accessToken } = await chat.guest('Guest');
    const marks = await chat.fill('1', me.id, ofUsers);
    const after = await chat.hostUser(accessToken);
    expect(after.me.id).toBe(known.me.id);
    expect(found(await chat.rows('1'), me.id).filter((place) => !leads.includes(place))).toEqual([]);
    const text = await (await chat.ask('GET', '/me/export', after.accessToken)).text();
    // Their sessions, and the browsers of these, end with the guest.
    const gone = /chat_(users|sessions|push_subscriptions)\./;
    expect(marks.words.filter((mark) => !gone.test(mark) && !text.includes(mark))).toEqual([]);
  });
});

/** `table.column` of every cell that holds the text. */
function found(rows: ReadonlyMap<string, readonly Row[]>, text: string): string[] {
  const places = [...rows].flatMap(([table, all]) =>
    all.flatMap((row) =>
      Object.entries(row).flatMap(([column, cell]) =>
        typeof cell === 'string' && cell.includes(text) ? [`${table}.${column}`] : [],
      ),
    ),
  );
  return [...new Set(places)].sort();
}

function marked(row: Row, column: string, place: string): string {
  const mark = `mark of ${place}`;
  row[column] = mark;
  return mark;
}

async function open(url: string) {
  const folder = await temporaryFolder();
  const { core, clock, app, ...base } = await openTestChat({ url, apps: [{}, {}] });
  const chat = await createChat({
    database: {
      kysely: core.db as never,
      kind: core.kind,
      aside: () => {
        throw new Error('the chat has no use for it');
      },
      close: async () => {},
    },
    clock,
    log: core.log,
    apps: core.apps,
    host: core.host,
    filesDir: folder.path,
    prefix: '',
    publicAddress: () => 'https://chat.example.com',
    realtime: ({ key }) => ({ key, host: 'chat.example.com', port: 443, tls: true, path: '' }),
    presenceMembersMost: () => 100,
    privateAddresses: false,
    styles: '',
    onProblem: (stage, error) => {
      throw new Error(`${stage} failed`, { cause: error });
    },
  });
  const db = core.db.withTables<Record<string, Row>>();
  const schema = async () =>
    (await core.db.introspection.getTables()).filter(
      ({ name }) => name.startsWith('chat_') && !name.startsWith('chat_migrations'),
    );
  const ask = async (
    method: string,
    path: string,
    token: string | null,
    body?: object,
  ): Promise<Response> => {
    const request = new Request(`https://chat.example.com/chat/api/v1${path}`, {
      method,
      headers: {
        'Content-Type': 'application/json',
        ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const client = { address: '192.0.2.1', secure: true, host: 'chat.example.com' };
    return (await chat.fetch(request, client)) ?? new Response(null, { status: 599 });
  };
  const entered = async (response: Response): Promise<SessionAnswer> => {
    if (!response.ok) throw new Error(`nobody came in: ${await response.text()}`);
    return response.json();
  };
  return {
    schema,
    ask,
    guest: async (name: string) =>
      entered(await ask('POST', '/sessions/guest', null, { app: app.key, name })),
    /** The same one each time. */
    hostUser: async (guestToken: string | null = null) => {
      const seconds = Math.floor(clock.now() / 1000);
      const claims = { sub: 'user-1', name: 'Known', aud: app.id, iat: seconds, exp: seconds + 600 };
      const encoded = (data: object) => Buffer.from(JSON.stringify(data)).toString('base64url');
      const signed = `${encoded({ alg: 'HS256', typ: 'JWT' })}.${encoded(claims)}`;
      const secret = app.settings.chatSecret ?? '';
      const signature = createHmac('sha256', secret).update(signed).digest('base64url');
      const body = { app: app.key, token: `${signed}.${signature}` };
      return entered(await ask('POST', '/sessions/host', guestToken, body));
    },
    async rows(appId: string): Promise<ReadonlyMap<string, readonly Row[]>> {
      const all = new Map<string, readonly Row[]>();
      for (const [table, { passes }] of tables) {
        if (passes !== undefined) continue;
        all.set(table, await db.selectFrom(table).selectAll().where('app_id', '=', appId).execute());
      }
      return all;
    },
    /** In every table a row of the person, for each way in which one can be theirs. @returns what stands in it */
    async fill(
      appId: string,
      person: Id,
      without: readonly string[] = [],
    ): Promise<{ words: string[]; secrets: string[] }> {
      const words: string[] = [];
      const secrets: string[] = [];
      const conversation = newId();
      let number = 1;
      for (const { name: table, columns } of await schema()) {
        const entry = inventory[table as keyof typeof inventory] as TableInventory;
        if (table === 'chat_users' || entry.passes !== undefined || without.includes(table)) continue;
        for (const [index, own] of entry.people.entries()) {
          if (`${table}.${own}` === 'chat_reports.context') continue; // its own test has that
          number++;
          const row: Row = {};
          for (const { name, dataType, isNullable } of columns) {
            const place = `${table}.${name}`;
            if (name === 'app_id') row[name] = appId;
            else if (name === own) row[name] = json[place]?.(person) ?? person;
            else if (index === 0 && entry.words.includes(name)) words.push(marked(row, name, place));
            else if (index === 0 && entry.secrets.includes(name)) secrets.push(marked(row, name, place));
            else if (place in values) row[name] = values[place];
            else if (isNullable) row[name] = null;
            else if (name === 'conversation') row[name] = conversation;
            else row[name] = /text|char/i.test(dataType) ? newId() : number;
          }
          if (table === 'chat_conversations' && index === 0) row.id = conversation;
          await db.insertInto(table).values(row).execute();
        }
      }
      return { words, secrets };
    },
    async [Symbol.asyncDispose]() {
      await chat.stop();
      await base[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}
