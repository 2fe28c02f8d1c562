import { expect, test } from 'bun:test';
import { createHmac } from 'node:crypto';
import { App, AppKey } from '../apps/app.ts';
import { Users } from '../channels/users.ts';
import { defaultAppSettings } from '../config.ts';
import { Counters } from '../metrics/counters.ts';
import { Connection } from './connection.ts';
import type { Parts } from './parts.ts';
import { endSignIn, signIn } from './sign-in.ts';

const key = new AppKey('k', 's');
const app = new App('1', defaultAppSettings(), new Map([['k', key]]));

/** A node of which only what signing in touches is real; `watched` settles the roster's answers. */
function setUp() {
  const users = new Users<Connection>();
  const unwatched: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const roster = {
    signIn: async () => {},
    signOut: async () => {},
    watch: () => promise,
    unwatch: (_appId: string, userId: string) => unwatched.push(userId),
  };
  const trace = { isWatched: () => false };
  const parts = { users, roster, trace, counters: new Counters(), background: () => {} } as unknown as Parts;
  const sent: string[] = [];
  const connection = new Connection({
    socketId: '1.2',
    app,
    socket: { send: (frame: string) => sent.push(frame) } as unknown as Connection['socket'],
    protocol: 7,
    caller: { address: '127.0.0.1', origin: null, client: null },
    at: 0,
    fanOut: { flushFor: () => {} } as unknown as Parts['fanOut'],
    now: 0,
  });
  const userData = '{"id":"u","watchlist":["a","b"]}';
  const signature = createHmac('sha256', 's').update(`1.2::user::${userData}`).digest('hex');
  const signedIn = signIn(parts, connection, { auth: `k:${signature}`, userData });
  return { users, parts, connection, sent, unwatched, signedIn, watched: resolve };
}

test('WATCH-2: a connection that closes leaves nothing behind in the lists of watchers', async () => {
  const at = setUp();
  at.watched();
  await at.signedIn;
  const entry = at.users.watched('1', 'a');
  expect(entry?.watchers.has(at.connection)).toBe(true);
  at.connection.closed = true;
  endSignIn(at.parts, at.connection);
  expect(entry?.watchers.size).toBe(0);
  expect(at.unwatched).toEqual(['a', 'b']);
  expect(at.users.watched('1', 'a')).toBeUndefined();
  expect(at.users.connections('1', 'u')).toEqual([]);
});

test('WATCH-2: one that closes while the watchlist is asked for is not put on the lists afterwards', async () => {
  const at = setUp();
  const entry = at.users.watched('1', 'a');
  at.connection.closed = true;
  endSignIn(at.parts, at.connection);
  at.watched();
  await at.signedIn;
  expect(entry?.watchers.size).toBe(0);
  expect(at.unwatched).toEqual(['a', 'b']);
  expect(at.sent.some((frame) => frame.includes('watchlist_events'))).toBe(false);
});
