import { afterEach, expect, test } from 'bun:test';
import { ManualClock } from '@earshot/base';
import { type Database, openDatabase } from '@earshot/data';
import { onEachDatabase } from '../../../../tests/support/databases.ts';
import { Sessions } from './sessions.ts';
import { openOperatorTables } from './tables.ts';

const minuteMs = 60_000;
const dayMs = 86_400_000;

onEachDatabase((fresh) => {
  const opened: Database[] = [];
  afterEach(async () => {
    for (const database of opened.splice(0)) await database.close();
  });

  async function open(url: string, clock = new ManualClock()) {
    const database = await openDatabase(url);
    opened.push(database);
    return { clock, database, sessions: new Sessions(await openOperatorTables(database), clock) };
  }

  test('a link makes one session, once', async () => {
    const { sessions } = await open(await fresh());
    const link = await sessions.createLinkToken();
    const session = await sessions.redeem(link);
    expect(session).toMatch(/^[\w-]{43}$/);
    expect(await sessions.find(session ?? '')).toEqual({ operatorId: null });
    expect(await sessions.redeem(link)).toBeNull();
  });

  test('of many processes that use a link at once, one gets a session', async () => {
    const url = await fresh();
    const first = await open(url);
    const second = await open(url);
    const link = await first.sessions.createLinkToken();
    const tries = Array.from({ length: 20 }, (_, i) => (i % 2 ? first : second).sessions.redeem(link));
    const sessions = await Promise.all(tries);
    expect(sessions.filter((session) => session !== null)).toHaveLength(1);
  });

  test('a link is good for 15 minutes', async () => {
    const { clock, sessions } = await open(await fresh());
    const inTime = await sessions.createLinkToken();
    clock.advance(15 * minuteMs - 1);
    expect(await sessions.redeem(inTime)).not.toBeNull();
    const late = await sessions.createLinkToken();
    clock.advance(15 * minuteMs);
    expect(await sessions.redeem(late)).toBeNull();
  });

  test('a session ends after seven days, or when it is ended', async () => {
    const { clock, sessions } = await open(await fresh());
    const redeem = async () => (await sessions.redeem(await sessions.createLinkToken())) ?? '';
    const session = await redeem();
    clock.advance(7 * dayMs - 1);
    expect(await sessions.find(session)).not.toBeNull();
    clock.advance(1);
    expect(await sessions.find(session)).toBeNull();
    const other = await redeem();
    await sessions.end(other);
    expect(await sessions.find(other)).toBeNull();
  });

  test('tokens are kept as hashes only, and no longer than they count', async () => {
    const { clock, database, sessions } = await open(await fresh());
    const db = database.kysely.withTables<Record<'sign_in_links' | 'sessions', { token_hash: string }>>();
    const rows = async () => [
      ...(await db.selectFrom('sign_in_links').selectAll().execute()),
      ...(await db.selectFrom('sessions').selectAll().execute()),
    ];
    const link = await sessions.createLinkToken();
    const session = await sessions.redeem(await sessions.createLinkToken());
    expect(await rows()).toHaveLength(2);
    expect(JSON.stringify(await rows())).not.toContain(link);
    expect(JSON.stringify(await rows())).not.toContain(session ?? '');
    clock.advance(7 * dayMs);
    await sessions.redeem(await sessions.createLinkToken());
    expect(await rows()).toHaveLength(1);
  });

  test('what was never a token opens nothing', async () => {
    const { sessions } = await open(await fresh());
    expect(await sessions.redeem('')).toBeNull();
    expect(await sessions.find('__proto__')).toBeNull();
    await sessions.end('nothing');
  });
});
