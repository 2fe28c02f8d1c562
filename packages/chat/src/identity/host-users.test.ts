import { afterEach, beforeEach, expect, test } from 'bun:test';
import { inboxOf, type Me, type SessionAnswer } from '../contract/index.ts';
import type { PersonalData } from '../core/core.ts';
import { openTestIdentity, siteOrigin, type TestIdentity } from './identity.testing.ts';

let here: TestIdentity;
beforeEach(async () => {
  here = await openTestIdentity({ apps: [{}, {}] });
});
afterEach(() => here[Symbol.asyncDispose]());

const key = () => here.chat.app.key;

async function enter(claims: Record<string, unknown>, token?: string) {
  const body = { app: key(), token: await here.hostToken(claims) };
  return here.call<SessionAnswer>('POST', '/sessions/host', body, token === undefined ? {} : { token });
}
const guest = (name: string, how = {}) =>
  here.call<SessionAnswer>('POST', '/sessions/guest', { app: key(), name }, how);

test('a user of the host is who the host says, by the same person each time, and gets nothing to store', async () => {
  const { status, body } = await enter({ sub: 'u1', name: 'Ada', picture: 'https://site.example/ada.png' });
  expect(status).toBe(200);
  expect(body.refreshToken).toBeNull();
  expect(body.me).toEqual({
    id: body.me.id,
    name: 'Ada',
    kind: 'user',
    verified: true,
    avatar: 'https://site.example/ada.png',
    deleted: false,
    invisible: false,
    preferences: { receipts: true, hideText: false, sound: true },
    moderator: false,
  });
  const again = await enter({ sub: 'u1', name: 'Ada Lovelace', moderator: true });
  expect([again.body.me.id, again.body.me.name, again.body.me.moderator]).toEqual([
    body.me.id,
    'Ada Lovelace',
    true,
  ]);
  expect((await enter({ sub: 'u1' })).body.me.moderator).toBe(false);
  expect((await enter({ sub: 'u2', name: 'Ada' })).body.me.id).not.toBe(body.me.id);
});

test('every token that is not as it has to be is refused, saying what was expected', async () => {
  const now = Math.floor(here.chat.clock.now() / 1000);
  const unsigned = (payload: object) =>
    `${btoa('{"alg":"none"}')}.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.`;
  const sub = 'u1';
  const cases: [string, string | Promise<string>, RegExp][] = [
    [
      'other audience',
      here.hostToken({ sub, aud: 'somebody' }),
      /"aud" is not right: expected the app’s id, "1"/,
    ],
    ['other app', here.hostToken({ sub, aud: '2' }), /"aud"/],
    ['no audience', here.hostToken({ sub, aud: undefined }), /"aud" is missing/],
    ['expired', here.hostToken({ sub, exp: now - 60 }), /expired/],
    ['no end', here.hostToken({ sub, exp: undefined }), /"exp" is missing/],
    ['too long', here.hostToken({ sub, exp: now + 4_000 }), /valid for 4000 seconds; expected .* 3600/],
    ['not yet', here.hostToken({ sub, nbf: now + 600 }), /not valid yet/],
    ['from the future', here.hostToken({ sub, iat: now + 600 }), /"iat" is in the future/],
    ['nobody', here.hostToken({}), /"sub" is missing/],
    ['empty', here.hostToken({ sub: '' }), /"sub"/],
    ['other secret', here.hostToken({ sub }, 'x'.repeat(40)), /signature does not match/],
    ['alg none', unsigned({ aud: '1', sub, exp: now + 60 }), /HS256/],
    ['no JWT', 'not a token', /JWT in compact form/],
    ['too large', here.hostToken({ sub, name: 'x'.repeat(46_000) }), /expected 60000 at most/],
    ['name of a wrong type', here.hostToken({ sub, name: 7 }), /"name" is not as expected/],
    [
      'moderator of a wrong type',
      here.hostToken({ sub, moderator: 'yes' }),
      /"moderator" is not as expected/,
    ],
    ['contacts of a wrong type', here.hostToken({ sub, contacts: [7] }), /"contacts.0" is not as expected/],
  ];
  for (const [what, token, expected] of cases) {
    const { status, body } = await here.call('POST', '/sessions/host', { app: key(), token: await token });
    expect([what, status, body.error?.code]).toEqual([what, 401, 'host_token_invalid']);
    expect(body.error?.message).toMatch(expected);
  }
});

test('of a secret that is exchanged, the one before counts for a day', async () => {
  const before = here.chat.app.settings.chatSecret ?? '';
  const after = 'the-new-secret-of-this-app-which-is-long-enough';
  await enter({ sub: 'u1' });
  here.chat.configure({ chatSecret: after });
  const body = async (secret: string) => ({
    app: key(),
    token: await here.hostToken({ sub: 'u1' }, secret),
  });
  const statusWith = async (secret: string) =>
    (await here.call('POST', '/sessions/host', await body(secret))).status;
  expect([await statusWith(after), await statusWith(before)]).toEqual([200, 200]);
  here.chat.clock.advance(24 * 60 * 60_000);
  expect([await statusWith(after), await statusWith(before)]).toEqual([200, 401]);
});

test('a secret that has become known can be ended at once, and one that is not configured is made here', async () => {
  const { hostSecrets } = here.identity;
  here.chat.configure({ chatSecret: null });
  const app = () => here.chat.app;
  const first = await hostSecrets.current(app());
  const second = await hostSecrets.rotate(app());
  expect(await hostSecrets.valid(app())).toEqual([second, first]);
  await hostSecrets.endPrevious(app().id);
  expect(await hostSecrets.valid(app())).toEqual([second]);
  here.chat.configure({ chatSecret: 'configured-secret-which-wins-over-others' });
  expect((await hostSecrets.valid(app()))[0]).toBe('configured-secret-which-wins-over-others');
});

test('a renewal with the token from before, expired or not, lets the session go on', async () => {
  const first = await enter({ sub: 'u1' });
  const sessions = () => here.identity.people.sessions('1', first.body.me.id);
  const [session] = await sessions();
  here.chat.clock.advance(20 * 60_000);
  const second = await enter({ sub: 'u1' }, first.body.accessToken);
  expect(await sessions()).toEqual([session as string]);
  expect(second.body.accessToken).not.toBe(first.body.accessToken);
  // Somebody else at the host: their own session.
  const other = await enter({ sub: 'u2' }, second.body.accessToken);
  expect(other.body.me.id).not.toBe(first.body.me.id);
  expect((await sessions()).length).toBe(1);
  expect(here.chat.host.terminated).toEqual([]);
});

test('contacts that the host tells are handed on, and who signs in is told by their identity', async () => {
  const told: unknown[] = [];
  here.identity.hooks.on('hostContacts', (...event) => void told.push(event));
  here.identity.hooks.on('signedIn', (...event) => void told.push(event));
  const { body } = await enter({ sub: 'u1', contacts: ['u2', { sub: 'u3', name: 'Cem' }] });
  expect(told).toEqual([
    ['1', body.me.id, { issuer: 'host', subject: 'u1' }],
    ['1', body.me.id, [{ sub: 'u2' }, { sub: 'u3', name: 'Cem' }]],
  ]);
  const u2 = await enter({ sub: 'u2' });
  expect(await here.identity.usersOf('1', 'host', ['u1', 'u2', 'u3'])).toEqual(
    new Map([
      ['u1', body.me.id],
      ['u2', u2.body.me.id],
    ]),
  );
  expect(await here.identity.usersOf('2', 'host', ['u1'])).toEqual(new Map());
});

test('what a listener throws is a problem of its own', async () => {
  here.identity.hooks.on('signedIn', () => {
    throw new Error('on purpose');
  });
  expect((await enter({ sub: 'u1' })).status).toBe(200);
  expect(here.chat.problems.map(({ stage }) => stage)).toEqual(['identity.signedIn']);
});

test('a guest who signs in goes on as the same person', async () => {
  const before = await guest('Nelly');
  const after = await enter({ sub: 'u1', name: 'Nelly Bly' }, before.body.accessToken);
  expect(after.body.me).toMatchObject({
    id: before.body.me.id,
    name: 'Nelly Bly',
    kind: 'user',
    verified: true,
  });
  // The guest's session gave way.
  const old = await here.call('GET', '/me', null, { token: before.body.accessToken });
  expect([old.status, old.body.error?.code]).toEqual([401, 'session_ended']);
  const changed = here.chat.host.eventsOn(inboxOf(after.body.me.id), 'me_changed');
  expect(changed.map(({ me }) => me.kind)).toEqual(['user']);
});

test('a guest who signs in as somebody who is known is merged into them: parts move what is theirs, in one transaction', async () => {
  const moved: unknown[] = [];
  let fails = true;
  const part: PersonalData = {
    name: 'test',
    merge: async (_trx, ...args) => {
      moved.push(args);
      if (fails) throw new Error('on purpose');
    },
    export: async () => ({}),
    erase: async () => {},
  };
  here.identity.lives.register(part);
  expect(() => here.identity.lives.register(part)).toThrow('registered already');
  const known = await enter({ sub: 'u1', name: 'Ada' });
  const before = await guest('Nelly');
  const failed = await enter({ sub: 'u1', name: 'Ada' }, before.body.accessToken);
  expect(failed.status).toBe(500);
  expect((await here.call('GET', '/me', null, { token: before.body.accessToken })).status).toBe(200);

  fails = false;
  const merged: unknown[] = [];
  here.identity.hooks.on('merged', (...event) => void merged.push(event));
  const after = await enter({ sub: 'u1', name: 'Ada' }, before.body.accessToken);
  expect(after.body.me.id).toBe(known.body.me.id);
  expect(moved.at(-1)).toEqual(['1', before.body.me.id, known.body.me.id]);
  expect(merged).toEqual([['1', before.body.me.id, known.body.me.id]]);
  // The guest's id leads to the person.
  const led = await here.identity.people.persons('1', [before.body.me.id]);
  expect(led.get(before.body.me.id)?.id).toBe(known.body.me.id);
  expect((await here.call('GET', '/me', null, { token: before.body.accessToken })).status).toBe(401);
  expect(here.chat.host.terminated.length).toBe(1);
});

test('a guest’s token that has expired, or is of another origin or app, makes nobody that guest', async () => {
  const before = await guest('Nelly');
  const token = before.body.accessToken;
  const body = async (sub: string, aud = '1') => ({ app: key(), token: await here.hostToken({ sub, aud }) });
  const elsewhere = await here.call<SessionAnswer>('POST', '/sessions/host', await body('u1'), {
    token,
    origin: 'https://other.example',
  });
  expect(elsewhere.body.me.id).not.toBe(before.body.me.id);
  here.chat.clock.advance(601_000);
  const late = await here.call<SessionAnswer>('POST', '/sessions/host', await body('u2'), { token });
  expect(late.body.me.id).not.toBe(before.body.me.id);
});

test('a page that is opened goes on with the session of the same browser; others have their own', async () => {
  const body = async () => ({ app: key(), token: await here.hostToken({ sub: 'u1' }) });
  const from = async (agent: string, origin = siteOrigin) =>
    (
      await here.call<SessionAnswer>('POST', '/sessions/host', await body(), {
        origin,
        headers: { 'User-Agent': agent },
      })
    ).body;
  const first = await from('Browser/1');
  await from('Browser/1');
  const sessions = () => here.identity.people.sessions('1', first.me.id);
  expect((await sessions()).length).toBe(1);
  await from('Browser/2');
  await from('Browser/1', 'https://other.example');
  expect((await sessions()).length).toBe(3);
});

test('of one person’s sessions the one that was not seen for longest makes room for the twenty-first', async () => {
  const body = async () => ({ app: key(), token: await here.hostToken({ sub: 'u1' }) });
  const first = await enter({ sub: 'u1' });
  for (let count = 0; count < 20; count++) {
    here.chat.clock.advance(1_000);
    const headers = { 'User-Agent': `Browser/${count}` };
    await here.call('POST', '/sessions/host', await body(), { headers });
  }
  expect((await here.identity.people.sessions('1', first.body.me.id)).length).toBe(20);
  const { status } = await here.call('GET', '/me', null, { token: first.body.accessToken });
  expect([status, here.chat.host.terminated.length]).toEqual([401, 1]);
});

test('the config tells what a widget needs and no secret', async () => {
  here.chat.configure({ chatGithubClientId: 'id', chatGithubClientSecret: 'hidden', chatMastodon: true });
  const { status, body } = await here.call('GET', `/config?app=${key()}`);
  expect(status).toBe(200);
  expect(body as object).toEqual({
    app: { key: key(), name: 'App 1' },
    realtime: { key: key(), host: 'channels.example', port: 443, tls: true, path: '' },
    guests: true,
    providers: [
      { id: 'github', name: 'GitHub', kind: 'github', importsContacts: false },
      { id: 'mastodon', name: 'Mastodon', kind: 'mastodon', importsContacts: false },
    ],
    direct: 'ask',
    receipts: true,
    files: { guests: false, bytes: 10 * 1024 * 1024 },
    pageRooms: true,
    roomCreation: 'users',
    pushKey: 'push-key',
  });
  expect((await here.call('GET', '/config?app=none')).body.error?.code).toBe('chat_off');
});

test('sessions are listed, and ended one by one', async () => {
  const one = await enter({ sub: 'u1' });
  here.chat.clock.advance(1_000);
  const two = await here.call<SessionAnswer>(
    'POST',
    '/sessions/host',
    { app: key(), token: await here.hostToken({ sub: 'u1' }) },
    { headers: { 'User-Agent': 'Other/2' } },
  );
  const token = two.body.accessToken;
  type List = { sessions: { id: string; current: boolean; origin: string; userAgent: string }[] };
  const list = (await here.call<List>('GET', '/sessions', null, { token })).body.sessions;
  expect(list.map(({ current, origin }) => [current, origin])).toEqual([
    [true, siteOrigin],
    [false, siteOrigin],
  ]);
  expect(list[0]?.userAgent).toBe('Other/2');
  const stranger = (await guest('Eve')).body.accessToken;
  expect((await here.call('DELETE', `/sessions/${list[1]?.id}`, null, { token: stranger })).status).toBe(404);
  expect((await here.call('DELETE', `/sessions/${list[1]?.id}`, null, { token })).status).toBe(204);
  expect((await here.call('GET', '/me', null, { token: one.body.accessToken })).status).toBe(401);
  expect((await here.call('DELETE', '/sessions/current', null, { token })).status).toBe(204);
  expect((await here.call('GET', '/me', null, { token })).body.error?.code).toBe('session_ended');
});

test('people change what is said of them, and their other tabs hear it', async () => {
  const changes: unknown[] = [];
  here.identity.hooks.on('meChanged', (_app, me, change) => void changes.push([me.name, change]));
  const { body } = await guest('Nelly');
  const token = body.accessToken;
  const change = (what: object) => here.call<Me>('PATCH', '/me', what, { token });
  const renamed = await change({ name: ' Nelly  Bly ', invisible: true, preferences: { sound: false } });
  expect(renamed.body).toMatchObject({
    name: 'Nelly Bly',
    invisible: true,
    preferences: { receipts: true, hideText: false, sound: false },
  });
  expect(changes).toEqual([
    ['Nelly Bly', { name: ' Nelly  Bly ', invisible: true, preferences: { sound: false } }],
  ]);
  expect(here.chat.host.eventsOn(inboxOf(body.me.id), 'me_changed').at(-1)?.me.name).toBe('Nelly Bly');
  await guest('Eve');
  expect((await change({ name: 'EVE' })).body.error?.code).toBe('name_taken');
  expect((await change({ name: 'Admin' })).body.error?.code).toBe('name_taken');
  expect((await change({ avatar: 'https://example.com/a.png' })).body.error?.code).toBe('bad_request');
  expect((await change({ moderator: true })).body.error?.code).toBe('bad_request');
  expect((await change({ preferences: { sound: 'loud' } })).body.error?.code).toBe('bad_request');
  const user = await enter({ sub: 'u1', name: 'Ada' });
  const asUser = { token: user.body.accessToken };
  expect((await here.call('PATCH', '/me', { name: 'Bob' }, asUser)).body.error?.code).toBe('forbidden');
});

test('somebody who is erased leaves a placeholder, and comes back as somebody else', async () => {
  const erased: unknown[] = [];
  here.identity.lives.register({
    name: 'letters',
    merge: async () => {},
    export: async (_app, id) => [`to ${id}`],
    erase: async (_trx, ...args) => void erased.push(args),
  });
  const { body } = await enter({ sub: 'u1', name: 'Ada', picture: 'https://site.example/ada.png' });
  const { id } = body.me;
  const everything = await here.identity.lives.exportPerson('1', id);
  expect(everything).toMatchObject({
    me: { id, name: 'Ada' },
    identities: [{ issuer: 'host', subject: 'u1' }],
    sessions: [{ origin: siteOrigin }],
    letters: [`to ${id}`],
  });
  await here.identity.lives.erasePerson('1', id);
  expect(erased).toEqual([['1', id]]);
  expect(await here.identity.people.person('1', id)).toEqual({
    id,
    name: '',
    kind: 'user',
    verified: false,
    avatar: null,
    deleted: true,
  });
  expect((await here.call('GET', '/me', null, { token: body.accessToken })).status).toBe(401);
  expect(here.chat.host.terminated.length).toBe(1);
  expect((await enter({ sub: 'u1', name: 'Ada' })).body.me.id).not.toBe(id);
});

test('a page that is not on the app’s list gets no session', async () => {
  await here[Symbol.asyncDispose]();
  here = await openTestIdentity({ origins: [siteOrigin, 'https://*.wide.example'] });
  expect((await guest('Ada')).status).toBe(200);
  expect((await guest('Bob', { origin: 'https://a.wide.example' })).status).toBe(200);
  for (const origin of ['https://evil.example', 'http://site.example', 'null', 'https://wide.example']) {
    const { status, body } = await guest('Cem', { origin });
    expect([origin, status, body.error?.code]).toEqual([origin, 403, 'origin_refused']);
  }
});
