import { afterEach, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { ManualClock } from '@earshot/base';
import { type Database, openDatabase, sql } from '@earshot/data';
import { Child } from '../../../../tests/support/child.ts';
import { onEachDatabase } from '../../../../tests/support/databases.ts';
import { type AppSettings, readConfig } from '../config.ts';
import type { App } from './app.ts';
import { type AppRegistry, openAppRegistry } from './registry.ts';

const childModule = join(import.meta.dirname, '../../../../tests/support/child-registry.ts');
const pollMs = 2_000;
const dayMs = 86_400_000;

/** Waits for what another connection or the background does. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 40_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not within 40 s: ${condition}`);
    await Bun.sleep(2);
  }
}

function refusalOf(result: object): string {
  return 'refused' in result ? String(result.refused) : 'not refused';
}

onEachDatabase((fresh) => {
  const cleanups: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  async function opened(url: string): Promise<Database> {
    const database = await openDatabase(url);
    cleanups.push(() => database.close());
    return database;
  }

  /** A server's registry on that database. `stop` ends it, as a server that stops does. */
  async function start(url: string, env: Record<string, string> = {}, clock = new ManualClock()) {
    const read = readConfig([], env);
    if (!('config' in read)) throw new Error(JSON.stringify(read));
    const database = await openDatabase(url);
    const problems: string[] = [];
    const onProblem = (stage: string) => problems.push(stage);
    let isStopped = false;
    let registry: AppRegistry | undefined;
    const stop = async () => {
      if (isStopped) return;
      isStopped = true;
      await registry?.close();
      await database.close();
    };
    cleanups.push(stop);
    registry = await openAppRegistry({ database, config: read.config, clock, onProblem });
    return { apps: registry, clock, database, problems, stop };
  }

  const credentials = { EARSHOT_APP_ID: '3', EARSHOT_APP_KEY: 'key-3', EARSHOT_APP_SECRET: 'secret-3' };
  const identityOf = (app: App) => [
    app.id,
    ...[...app.keys.values()].map(({ key, secret }) => `${key}:${secret}`),
  ];

  describe('the first app', () => {
    test('is random on the first start and kept', async () => {
      const url = await fresh();
      const { apps, stop } = await start(url);
      const first = apps.first();
      expect([...apps.all()]).toEqual([first]);
      expect(first.id).toMatch(/^\d{9}$/);
      expect(first.oldestKey.key).toMatch(/^[0-9a-f]{20}$/);
      expect(first.oldestKey.secret).toMatch(/^[A-Za-z0-9_-]{22}$/);
      await stop();
      expect(identityOf((await start(url)).apps.first())).toEqual(identityOf(first));
    });

    test('is what the environment says, and stays so without it', async () => {
      const url = await fresh();
      for (const env of [credentials, credentials, {}]) {
        const { apps, stop } = await start(url, env);
        expect(identityOf(apps.first())).toEqual(['3', 'key-3:secret-3']);
        expect([...apps.all()]).toHaveLength(1);
        await stop();
      }
    });

    test('takes on another id, key or secret at the next start; the former ones are void', async () => {
      const url = await fresh();
      const random = await start(url);
      const former = random.apps.first();
      await random.stop();
      const { apps, stop } = await start(url, credentials);
      expect(identityOf(apps.first())).toEqual(['3', 'key-3:secret-3']);
      expect(apps.byId(former.id)).toBeUndefined();
      expect(apps.byKey(former.oldestKey.key)).toBeUndefined();
      await stop();
      const secretOnly = await start(url, { EARSHOT_APP_SECRET: 'another' });
      expect(identityOf(secretOnly.apps.first())).toEqual(['3', 'key-3:another']);
      await secretOnly.stop();
      const keyOnly = await start(url, { EARSHOT_APP_KEY: 'key-4' });
      expect(identityOf(keyOnly.apps.first())).toEqual(['3', 'key-4:another']);
    });

    test('keeps further keys when the environment changes the oldest', async () => {
      const url = await fresh();
      const before = await start(url);
      const added = await before.apps.addKey(before.apps.first().id);
      if ('refused' in added) throw new Error(added.refused);
      await before.stop();
      const { apps } = await start(url, credentials);
      expect(identityOf(apps.first())).toEqual(['3', 'key-3:secret-3', `${added.key}:${added.secret}`]);
    });

    test('takes along what other parts keep of it when its id changes', async () => {
      const url = await fresh();
      const before = await start(url);
      await sql`create table chat_things (app_id text, thing text)`.execute(before.database.kysely);
      await sql`insert into chat_things values (${before.apps.first().id}, 'a'), ('99', 'b')`.execute(
        before.database.kysely,
      );
      await before.stop();
      const after = await start(url, credentials);
      const { rows } = await sql`select app_id, thing from chat_things order by thing`.execute(
        after.database.kysely,
      );
      expect(rows).toEqual([
        { app_id: '3', thing: 'a' },
        { app_id: '99', thing: 'b' },
      ]);
    });

    test('can be another one that exists', async () => {
      const url = await fresh();
      const before = await start(url, credentials);
      const second = await before.apps.create({ name: 'Second' });
      await before.stop();
      const { apps } = await start(url, { EARSHOT_APP_ID: second.id });
      expect(apps.first().id).toBe(second.id);
      expect([...apps.all()].map(({ id }) => id)).toEqual(['3', second.id]);
    });

    test('cannot have the key of another app', async () => {
      const url = await fresh();
      const before = await start(url, credentials);
      const second = await before.apps.create({ id: '4', name: 'Second' });
      await before.stop();
      await expect(start(url, { ...credentials, EARSHOT_APP_KEY: second.oldestKey.key })).rejects.toThrow(
        `EARSHOT_APP_KEY is "${second.oldestKey.key}", which is a key of app 4.`,
      );
      expect(identityOf((await start(url)).apps.first())).toEqual(['3', 'key-3:secret-3']);
    });

    test('is made once by processes that start at the same moment', async () => {
      const url = await fresh();
      await using stack = new AsyncDisposableStack();
      const children = Array.from({ length: 3 }, () => stack.use(new Child(childModule, url)));
      for (const child of children) expect(await child.line()).toBe('ready');
      for (const child of children) child.tell('go');
      const seen = await Promise.all(children.map((child) => child.line()));
      expect(seen[0]).toMatch(/^\d{9} [0-9a-f]{20}$/);
      expect(new Set(seen).size).toBe(1);
    });
  });

  describe('settings', () => {
    test('a change takes effect at once, for everybody who holds the app', async () => {
      const { apps } = await start(await fresh());
      const held = apps.first();
      const former = held.settings;
      const heard: [App, boolean][] = [];
      apps.onChange((app, here) => heard.push([app, here]));
      const changed = await apps.update(held.id, { clientEvents: false, origins: ['https://example.com'] });
      expect(changed).toBe(held);
      expect(held.settings).toEqual({ ...former, clientEvents: false, origins: ['https://example.com'] });
      expect(heard).toEqual([[held, true]]);
      expect(apps.byKey(held.oldestKey.key)).toBe(held);
    });

    test('are kept over a restart, where only what was changed is stored', async () => {
      const url = await fresh();
      const { apps, stop } = await start(url, credentials);
      await apps.update('3', { cacheSeconds: 60 });
      await apps.update('3', { eventBytes: 20_000 });
      await stop();
      const again = await start(url);
      expect(again.apps.first().settings).toMatchObject({ cacheSeconds: 60, eventBytes: 20_000 });
      const { rows } = await sql`select settings from apps`.execute(again.database.kysely);
      const stored = JSON.parse(String((rows[0] as { settings: string }).settings));
      expect(stored).toEqual({
        chat: true,
        chatSecret: again.apps.first().settings.chatSecret,
        cacheSeconds: 60,
        eventBytes: 20_000,
      });
    });

    test('the first app has a chat with a secret, and gets one when it is from before there was any', async () => {
      const url = await fresh();
      const before = await start(url, credentials);
      const { chat, chatSecret } = before.apps.first().settings;
      expect(chat).toBe(true);
      expect(chatSecret).toMatch(/^[\w-]{43}$/);
      const second = await before.apps.create({ name: 'Second' });
      expect(second.settings.chat).toBe(false);
      expect(second.settings.chatSecret).toMatch(/^[\w-]{43}$/);
      await sql`update apps set settings = '{"cacheSeconds":60}' where id = '3'`.execute(
        before.database.kysely,
      );
      await before.stop();
      const after = (await start(url)).apps.first();
      expect(after.settings).toMatchObject({ chat: true, cacheSeconds: 60 });
      expect(after.settings.chatSecret).toMatch(/^[\w-]{43}$/);
      expect(after.settings.chatSecret).not.toBe(chatSecret);
    });

    test('one that may be without a value is unset by null, others are not', async () => {
      const { apps } = await start(await fresh(), credentials);
      await apps.update('3', { webhookUrl: 'https://example.com/hooks' });
      expect(apps.first().settings.webhookUrl).toBe('https://example.com/hooks');
      await apps.update('3', { webhookUrl: null });
      expect(apps.first().settings.webhookUrl).toBeNull();
    });

    test('of the environment win at every start, hold, and give way when they are unset', async () => {
      const url = await fresh();
      const before = await start(url, credentials);
      await before.apps.update('3', { cacheSeconds: 60 });
      await before.stop();
      const { apps, stop } = await start(url, { EARSHOT_APP_CACHE_SECONDS: '90' });
      expect(apps.first().settings.cacheSeconds).toBe(90);
      expect(refusalOf(await apps.update('3', { cacheSeconds: 120, eventBytes: 5 }))).toBe(
        'cacheSeconds is set by EARSHOT_APP_CACHE_SECONDS and would be back after a restart. Change it there, or unset it',
      );
      expect(apps.first().settings).toMatchObject({ cacheSeconds: 90, eventBytes: 10_240 });
      const second = await apps.create({ name: 'Second' });
      expect(second.settings.cacheSeconds).toBe(1800);
      await apps.update(second.id, { cacheSeconds: 120 });
      expect(second.settings.cacheSeconds).toBe(120);
      await stop();
      expect((await start(url)).apps.first().settings.cacheSeconds).toBe(60);
    });

    test('that are not allowed are refused, and nothing of the change is made', async () => {
      const { apps } = await start(await fresh(), credentials);
      const former = { ...apps.first().settings };
      const refusals: [patch: object, refusal: string][] = [
        [{ cacheSeconds: 0, eventBytes: 5 }, 'cacheSeconds is 0; expected a whole number from 1 to 86400.'],
        [{ cacheSecond: 60 }, 'cacheSecond is not a setting of an app. Did you mean cacheSeconds?'],
        [{ presenceMembers: 5_000 }, 'presenceMembers is 5000 and memberBytes is 1024: the member list'],
      ];
      for (const [patch, refusal] of refusals) {
        expect(refusalOf(await apps.update('3', patch as Partial<AppSettings>))).toStartWith(refusal);
      }
      expect(refusalOf(await apps.update('9', { cacheSeconds: 60 }))).toBe('There is no app 9');
      expect(apps.first().settings).toEqual(former);
    });

    test('that together do not fit stop the start', async () => {
      const url = await fresh();
      const before = await start(url, { ...credentials, EARSHOT_OUTBOX_BYTES: '100000000' });
      await before.apps.update('3', { presenceMembers: 5_000 });
      await before.stop();
      await expect(start(url)).rejects.toThrow(/^The settings of app 3 do not work: presenceMembers is 5000/);
    });

    test('in the database that cannot be used stop the start; those of a newer version do not', async () => {
      const url = await fresh();
      await (await start(url, credentials)).stop();
      const database = await opened(url);
      const store = (settings: object) =>
        database.kysely
          .withTables<{ apps: { settings: string } }>()
          .updateTable('apps')
          .set({ settings: JSON.stringify(settings) })
          .execute();
      await store({ ofTheFuture: 1, cacheSeconds: 60 });
      const { apps, stop } = await start(url);
      expect(apps.first().settings.cacheSeconds).toBe(60);
      expect(apps.first().settings).not.toHaveProperty('ofTheFuture');
      await stop();
      await store({ cacheSeconds: 'long' });
      await expect(start(url)).rejects.toThrow(
        /app 3 in the database cannot be used: cacheSeconds is "long"/,
      );
    });
  });

  describe('apps', () => {
    test('a further app has its own id, key and secret', async () => {
      const { apps } = await start(await fresh(), credentials);
      const second = await apps.create({ name: 'Second' });
      const third = await apps.create({ id: '7', name: 'Third' });
      expect(second.settings.name).toBe('Second');
      expect([...apps.all()].map(({ id }) => id)).toEqual(['3', second.id, '7']);
      for (const app of [second, third]) {
        expect(apps.byId(app.id)).toBe(app);
        expect(apps.byKey(app.oldestKey.key)).toBe(app);
      }
      expect(apps.first().id).toBe('3');
    });

    test('what is not allowed is not created', async () => {
      const { apps } = await start(await fresh(), credentials);
      await expect(apps.create({ id: '3', name: 'Third' })).rejects.toThrow(
        'id is "3", which another app has',
      );
      await expect(apps.create({ id: 'x', name: 'X' })).rejects.toThrow(
        'id is "x"; expected a decimal number',
      );
      await expect(apps.create({ name: '' })).rejects.toThrow('name is ""; expected 1 to 100 characters');
      expect([...apps.all()]).toHaveLength(1);
    });

    test('names that objects have by themselves are no apps', async () => {
      const { apps } = await start(await fresh());
      for (const name of ['__proto__', 'constructor', 'toString']) {
        expect(apps.byId(name)).toBeUndefined();
        expect(apps.byKey(name)).toBeUndefined();
      }
    });

    test('finding one asks no database', async () => {
      const { apps, database, stop } = await start(await fresh(), credentials);
      await stop();
      await expect(sql`select 1`.execute(database.kysely)).rejects.toThrow();
      expect(apps.byId('3')).toBe(apps.first());
      expect(apps.byKey('key-3')).toBe(apps.first());
    });
  });

  describe('keys', () => {
    test('two are valid at once, and one when the other is revoked', async () => {
      const { apps } = await start(await fresh());
      const app = apps.first();
      const old = app.oldestKey;
      const added = await apps.addKey(app.id);
      if ('refused' in added) throw new Error(added.refused);
      expect([...app.keys.keys()]).toEqual([old.key, added.key]);
      expect(app.keys.get(added.key)?.secret).toBe(added.secret);
      expect(app.oldestKey.key).toBe(old.key);
      expect([apps.byKey(old.key), apps.byKey(added.key)]).toEqual([app, app]);
      expect(await apps.revokeKey(app.id, old.key)).toBe(app);
      expect([apps.byKey(old.key), apps.byKey(added.key)]).toEqual([undefined, app]);
      expect(app.oldestKey.key).toBe(added.key);
    });

    test('that cannot be revoked', async () => {
      const { apps } = await start(await fresh(), credentials);
      const second = await apps.create({ id: '4', name: 'Second' });
      expect(refusalOf(await apps.revokeKey('4', second.oldestKey.key))).toContain(
        'is the only one of app 4',
      );
      expect(refusalOf(await apps.revokeKey('4', 'key-3'))).toBe('App 4 has no key key-3');
      expect(refusalOf(await apps.revokeKey('9', 'key-3'))).toBe('App 9 has no key key-3');
      await apps.addKey('3');
      expect(refusalOf(await apps.revokeKey('3', 'key-3'))).toContain('is set by EARSHOT_APP_KEY');
      expect(refusalOf(await apps.addKey('9'))).toBe('There is no app 9');
      expect(apps.byKey('key-3')).toBe(apps.first());
    });
  });

  describe('other processes', () => {
    test('what one changes the other takes over, with the next look at the latest', async () => {
      const url = await fresh();
      const [one, other] = [await start(url, credentials), await start(url)];
      const heard: [string, boolean][] = [];
      other.apps.onChange((app, here) => heard.push([app.id, here]));
      const held = other.apps.first();
      await one.apps.update('3', { cacheSeconds: 60 });
      expect(held.settings.cacheSeconds).toBe(1800);
      other.clock.advance(pollMs);
      await until(() => held.settings.cacheSeconds === 60);
      await one.apps.create({ id: '4', name: 'Second' });
      await other.apps.refresh();
      expect(other.apps.byId('4')?.settings.name).toBe('Second');
      expect(heard).toEqual([
        ['3', false],
        ['4', false],
      ]);
    });

    test('nothing is told when nothing has changed', async () => {
      const url = await fresh();
      const { apps } = await start(url, credentials);
      const heard: string[] = [];
      apps.onChange((app) => heard.push(app.id));
      await apps.refresh();
      await start(url, credentials); // raises the revision
      await apps.refresh();
      await apps.update('3', {});
      expect(heard).toEqual([]);
    });

    test('an app that is gone is disabled for those who hold it', async () => {
      const url = await fresh();
      const { apps } = await start(url);
      const held = apps.first();
      const key = held.oldestKey.key;
      const heard: App[] = [];
      apps.onChange((app) => heard.push(app));
      await start(url, { EARSHOT_APP_ID: '3' });
      await apps.refresh();
      expect(held.settings.enabled).toBe(false);
      expect(apps.byId(held.id)).toBeUndefined();
      expect(apps.byKey(key)?.id).toBe('3');
      expect(new Set(heard)).toEqual(new Set([held, apps.byId('3') as App]));
    });

    test('changes at the same moment are all made', async () => {
      const url = await fresh();
      const [one, other] = [await start(url, credentials), await start(url)];
      await Promise.all([
        one.apps.update('3', { cacheSeconds: 60 }),
        other.apps.update('3', { eventBytes: 5 }),
        one.apps.addKey('3'),
        other.apps.addKey('3'),
        one.apps.create({ name: 'A' }),
        other.apps.create({ name: 'B' }),
      ]);
      for (const { apps } of [one, other]) {
        await apps.refresh();
        expect(apps.byId('3')?.settings).toMatchObject({ cacheSeconds: 60, eventBytes: 5 });
        expect(apps.byId('3')?.keys.size).toBe(3);
        expect([...apps.all()]).toHaveLength(3);
      }
    });

    test('a database that fails is reported, and the apps stay', async () => {
      const { apps, clock, database, problems } = await start(await fresh(), credentials);
      await database.close();
      clock.advance(pollMs);
      await until(() => problems.length > 0);
      expect(problems).toEqual(['apps: reading changes and writing down usage']);
      expect(apps.byId('3')).toBe(apps.first());
    });
  });

  describe('messages of the day', () => {
    const usageIn = async (database: Database) => {
      const { rows } = await sql<{
        day: number;
        messages: number;
      }>`select day, messages from app_usage order by day`.execute(database.kysely);
      return rows;
    };
    const today = Math.floor(new ManualClock().now() / dayMs);

    test('are written down every two seconds, and at the end', async () => {
      const url = await fresh();
      const { apps, clock, stop } = await start(url, credentials);
      const database = await opened(url);
      apps.first().usage.count(5);
      expect(await usageIn(database)).toEqual([]);
      clock.advance(pollMs);
      await until(async () => (await usageIn(database)).length > 0);
      expect(await usageIn(database)).toEqual([{ day: today, messages: 5 }]);
      apps.first().usage.count(2);
      expect(apps.first().usage.messagesToday).toBe(7);
      await stop();
      expect(await usageIn(database)).toEqual([{ day: today, messages: 7 }]);
    });

    test('go on after a restart on the same day', async () => {
      const url = await fresh();
      const { apps, stop } = await start(url, credentials);
      apps.first().usage.count(5);
      await stop();
      const again = await start(url);
      expect(again.apps.first().usage.messagesToday).toBe(5);
      again.apps.first().usage.count(1);
      await again.stop();
      expect((await start(url)).apps.first().usage.messagesToday).toBe(6);
    });

    test('of several nodes add up', async () => {
      const url = await fresh();
      const [one, other] = [await start(url, credentials), await start(url)];
      one.apps.first().usage.count(5);
      await one.stop();
      other.apps.first().usage.count(2);
      other.clock.advance(pollMs);
      await until(() => other.apps.first().usage.messagesToday === 7);
    });

    test('begin anew at midnight UTC', async () => {
      const url = await fresh();
      const { apps, clock, stop } = await start(url, credentials);
      const database = await opened(url);
      apps.first().usage.count(5);
      clock.advance(dayMs - (clock.now() % dayMs) - pollMs);
      await until(async () => (await usageIn(database)).length === 1);
      expect(apps.first().usage.messagesToday).toBe(5);
      clock.advance(pollMs);
      await until(() => apps.first().usage.messagesToday === 0);
      apps.first().usage.count(3);
      await stop();
      expect(await usageIn(database)).toEqual([
        { day: today, messages: 5 },
        { day: today + 1, messages: 3 },
      ]);
      const nextDay = await start(url, {}, new ManualClock((today + 1) * dayMs));
      expect(nextDay.apps.first().usage.messagesToday).toBe(3);
    });

    test('go along with an app whose id is changed', async () => {
      const url = await fresh();
      const { apps, stop } = await start(url);
      apps.first().usage.count(5);
      await stop();
      expect((await start(url, credentials)).apps.first().usage.messagesToday).toBe(5);
    });
  });

  test('apps and keys say since when they are there', async () => {
    const { apps, clock } = await start(await fresh(), credentials);
    const app = await apps.create({ name: 'Second' });
    const createdAt = clock.now();
    clock.advance(5_000);
    await apps.addKey(app.id);
    expect(app.createdAt).toBe(createdAt);
    expect([...app.keys.values()].map((key) => key.createdAt)).toEqual([createdAt, createdAt + 5_000]);
  });

  test('what the environment holds is said to be locked by its variable', async () => {
    const { apps } = await start(await fresh(), { ...credentials, EARSHOT_APP_NAME: 'Set' });
    const other = await apps.create({ name: 'Second' });
    expect(apps.lockOf(apps.first(), 'name')).toBe('EARSHOT_APP_NAME');
    expect(apps.lockOf(apps.first(), 'origins')).toBeNull();
    expect(apps.lockOf(other, 'name')).toBeNull();
    expect(apps.keyLockOf(apps.first(), 'key-3')).toBe('EARSHOT_APP_KEY');
    expect(apps.keyLockOf(other, other.oldestKey.key)).toBeNull();
    const bySecret = await start(await fresh(), { EARSHOT_APP_SECRET: 'secret-3' });
    const first = bySecret.apps.first();
    await bySecret.apps.addKey(first.id);
    expect(bySecret.apps.keyLockOf(first, first.oldestKey.key)).toBe('EARSHOT_APP_SECRET');
    expect(await bySecret.apps.revokeKey(first.id, first.oldestKey.key)).toMatchObject({ why: 'locked' });
  });

  test('an app that is removed is found nowhere, and all rows of it go, also after a crash', async () => {
    const url = await fresh();
    const one = await start(url, credentials);
    const other = await start(url, credentials);
    const app = await one.apps.create({ name: 'Gone' });
    await other.apps.refresh();
    const seen = other.apps.byId(app.id);
    const heard: boolean[] = [];
    other.apps.onChange((changed) => heard.push(changed.settings.enabled));
    const db = one.database.kysely.withTables<{ things_of_a_part: { app_id: string; thing: number } }>();
    await db.schema
      .createTable('things_of_a_part')
      .addColumn('app_id', 'text')
      .addColumn('thing', 'integer')
      .execute();
    for (let start = 0; start < 1_200; start += 400) {
      const things = Array.from({ length: 400 }, (_, i) => ({ app_id: app.id, thing: start + i }));
      await db.insertInto('things_of_a_part').values(things).execute();
    }
    await db.insertInto('things_of_a_part').values({ app_id: '3', thing: 1 }).execute();
    const things = () => db.selectFrom('things_of_a_part').select('app_id').execute();

    expect(await one.apps.remove('3')).toMatchObject({ why: 'locked' });
    expect(await one.apps.remove('no such app')).toMatchObject({ why: 'unknown' });
    expect(await one.apps.remove(app.id)).toBe(true);
    expect(one.apps.byId(app.id)).toBeUndefined();
    expect(one.apps.byKey(app.oldestKey.key)).toBeUndefined();
    await other.apps.refresh();
    expect([other.apps.byId(app.id), seen?.settings.enabled, heard]).toEqual([undefined, false, [false]]);
    expect(await one.apps.remove(app.id)).toMatchObject({ why: 'unknown' });
    await expect(one.apps.create({ id: app.id, name: 'Again' })).rejects.toThrow('is being deleted');
    expect(await things()).toHaveLength(1_201);
    await other.stop();

    const next = await start(url, credentials, new ManualClock());
    const removed: string[] = [];
    next.apps.onRemoved(async (id) => void removed.push(id));
    next.clock.advance(pollMs);
    const last = await opened(url);
    const left = () =>
      last.kysely
        .withTables<{ things_of_a_part: { app_id: string } }>()
        .selectFrom('things_of_a_part')
        .select('app_id')
        .execute();
    await until(async () => (await left()).length === 1);
    expect(removed).toEqual([app.id]);
    // What was under way may have written once more; a minute later nothing does.
    await db.insertInto('things_of_a_part').values({ app_id: app.id, thing: 1 }).execute();
    next.clock.advance(60_000);
    await until(async () => (await left()).length === 1);
    await until(() =>
      next.apps.create({ id: app.id, name: 'Again' }).then(
        () => true,
        () => false,
      ),
    );
  });
});
