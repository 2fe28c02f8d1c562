import { describe, expect, test } from 'bun:test';
import { ManualClock } from '@earshot/base';
import type { SessionAnswer } from '@earshot/chat/contract';
import type { Problem } from '../store/problem.ts';
import { ann, bob, settled } from '../store/store.testing.ts';
import { type Answer, answered, failed } from './answer.ts';
import type { Send } from './api.ts';
import { TestBrowser } from './env.testing.ts';
import { createSession, type HostUser } from './session.ts';

/** A server that rotates refresh tokens, and browsers whose tabs use it. */
function setting() {
  const clock = new ManualClock();
  const browser = new TestBrowser({ time: clock, fetch: () => Promise.reject(new Error('none')) });
  const asked: string[] = [];
  const fates: Problem[] = [];
  let newest = 0;
  let hostUser = ann;
  /** How long a provider's answer is on its way. */
  let way = Promise.resolve();

  const answer = (person: typeof ann, refreshes: boolean): SessionAnswer => ({
    accessToken: `access-${++newest}`,
    accessTokenExpiresAt: clock.now() + 600_000,
    refreshToken: refreshes ? `refresh-${newest}` : null,
    me: {
      ...person,
      invisible: false,
      preferences: { receipts: true, hideText: false, sound: true },
      moderator: false,
    },
  });
  const send = (async (route: string, _parts: unknown, body: { refreshToken?: string }, token?: string) => {
    asked.push(route + (token === undefined ? '' : ` as ${token}`));
    const fate = fates.shift();
    if (fate !== undefined) return failed(fate);
    if (route === 'POST /sessions/host') return answered(answer(hostUser, false));
    if (route === 'POST /sessions/refresh' && body.refreshToken !== `refresh-${newest}`) {
      return failed({ code: 'session_ended' });
    }
    const said = answered(route.startsWith('DELETE') ? null : answer(ann, true));
    if (route === 'POST /sessions/provider') await way;
    return said;
  }) as unknown as Send;

  function tab(user: HostUser | null = null) {
    const test = browser.open();
    const told: string[] = [];
    const session = createSession(
      test.env,
      send,
      { app: 'key', user },
      {
        ended: ({ code }) => told.push(`ended ${code}`),
        elsewhere: (id) => told.push(`elsewhere ${id}`),
      },
    );
    return { session, told, test };
  }
  return {
    clock,
    browser,
    asked,
    fates,
    /** The next answer of a provider waits for what this returns. */
    travels() {
      const { promise, resolve } = Promise.withResolvers<void>();
      way = promise;
      return resolve;
    },
    tab,
    becomes(person: typeof ann) {
      hostUser = person;
    },
  };
}

const unwrapped = <T>({ problem, value }: Answer<T>): T => {
  if (problem !== null) throw new Error(problem.code);
  return value;
};

describe('a guest', () => {
  test('leaves nothing before entering, then a token that brings them back', async () => {
    const { browser, tab, asked } = setting();
    const { session } = tab();
    expect(session.known()).toBeNull();
    expect(await session.resume()).toBeNull();
    expect([browser.local.writes, asked.length, browser.channels.size]).toEqual([0, 0, 0]);
    await session.guest('Ann');
    expect(tab().session.known()).toBe('kept');
    const again = tab().session;
    expect(unwrapped((await again.resume()) as Answer<unknown>)).toMatchObject({ id: ann.id });
  });

  test('has a token for ten minutes less a margin, and then another one, asked for once', async () => {
    const { clock, tab, asked } = setting();
    const { session } = tab();
    await session.guest('Ann');
    expect(unwrapped(await session.current())).toBe('access-1');
    clock.advance(569_000);
    expect(unwrapped(await session.current())).toBe('access-1');
    clock.advance(2_000);
    const both = await Promise.all([session.current(), session.current(), session.renewed('access-1')]);
    expect(both.map(unwrapped)).toEqual(['access-2', 'access-2', 'access-2']);
    expect(asked).toEqual(['POST /sessions/guest', 'POST /sessions/refresh']);
  });

  test('in several tabs renews in one of them: the others take its token', async () => {
    const { clock, tab, asked } = setting();
    const tabs = [tab(), tab(), tab()];
    await tabs[0]?.session.guest('Ann');
    for (const { session } of tabs.slice(1)) await session.resume();
    await settled();
    clock.advance(600_000);
    asked.length = 0;
    const tokens = await Promise.all(tabs.map(async ({ session }) => unwrapped(await session.current())));
    await settled();
    expect(asked).toEqual(['POST /sessions/refresh']);
    expect(new Set(tokens).size).toBe(1);
    expect(tabs.flatMap(({ told }) => told)).toEqual([]);
  });

  test('comes back although asked to twice, as where other tabs come back at that moment', async () => {
    const { tab } = setting();
    await tab().session.guest('Ann');
    const { session } = tab();
    const [once, again] = await Promise.all([session.resume(), session.resume()]);
    expect([once?.problem, again?.problem]).toEqual([null, null]);
  });

  test('who signs out is out in every tab, and nothing is left', async () => {
    const { browser, tab, asked } = setting();
    const [one, two] = [tab(), tab()];
    await one.session.guest('Ann');
    await two.session.resume();
    await one.session.leave();
    await settled();
    expect(two.told).toEqual(['elsewhere null']);
    expect([...browser.local.items]).toEqual([]);
    expect(asked[asked.length - 1]).toStartWith('DELETE /sessions/current as access-');
    expect((await two.session.current()).problem?.code).toBe('session_ended');
  });

  test('whose session was ended elsewhere is told so, and nothing is left', async () => {
    const { browser, tab, fates } = setting();
    const { session, told } = tab();
    await session.guest('Ann');
    fates.push({ code: 'session_ended' });
    expect((await session.renewed('access-1')).problem?.code).toBe('session_ended');
    expect(told).toEqual(['ended session_ended']);
    expect([...browser.local.items]).toEqual([]);
  });

  test('stays signed in when the network fails', async () => {
    const { tab, fates } = setting();
    const { session, told } = tab();
    await session.guest('Ann');
    fates.push({ code: 'network' });
    expect((await session.renewed('access-1')).problem?.code).toBe('network');
    expect(told).toEqual([]);
    expect(unwrapped(await session.renewed('access-1'))).toBe('access-2');
  });

  test('takes their token along to a provider', async () => {
    const { tab, asked } = setting();
    const { session } = tab();
    await session.guest('Ann');
    await session.provider('code', 'verifier');
    expect(asked[1]).toBe('POST /sessions/provider as access-1');
  });

  test('whose sockets are ended while they become somebody goes on as that', async () => {
    const { tab, asked, travels } = setting();
    const { session, told } = tab();
    await session.guest('Ann');
    const arrives = travels();
    const entering = session.provider('code', 'verifier');
    await settled();
    const renewed = session.renewed('access-1');
    await settled();
    arrives();
    expect(unwrapped(await renewed)).toBe('access-2');
    await entering;
    expect(told).toEqual([]);
    expect(asked).toEqual(['POST /sessions/guest', 'POST /sessions/provider as access-1']);
  });
});

describe('a user of the host site', () => {
  test('comes in by its token, renews by it, and stores nothing', async () => {
    const { browser, clock, tab, asked } = setting();
    let calls = 0;
    const { session } = tab(() => `token-${++calls}`);
    expect(session.known()).toBe('host');
    await session.resume();
    clock.advance(600_000);
    expect(unwrapped(await session.current())).toBe('access-2');
    expect(calls).toBe(2);
    expect(asked).toEqual(['POST /sessions/host', 'POST /sessions/host as access-1']);
    expect(browser.local.writes).toBe(0);
  });

  test('who is another one now starts over', async () => {
    const { tab, becomes } = setting();
    const { session, told } = tab(() => 'token');
    await session.resume();
    becomes(bob);
    expect((await session.renewed('access-1')).problem?.code).toBe('session_ended');
    expect(told).toEqual([`elsewhere ${bob.id}`]);
  });

  test('is nobody where the site says so; whoever was kept goes on', async () => {
    const { tab } = setting();
    expect(await tab(() => null).session.resume()).toBeNull();
    await tab().session.guest('Ann');
    expect(unwrapped((await tab(() => null).session.resume()) as Answer<unknown>)).toMatchObject({
      id: ann.id,
    });
  });

  test('whose site does not answer is tried again later', async () => {
    const { tab } = setting();
    const { session } = tab(() => Promise.reject(new Error('down')));
    expect(await session.resume()).toEqual(failed({ code: 'network' }));
  });
});
