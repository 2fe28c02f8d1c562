import { afterEach, expect, test } from 'bun:test';
import { onEachDatabase } from '../../../../tests/support/databases.ts';
import { type ChatErrorCode, inboxOf, type SessionAnswer } from '../contract/index.ts';
import type { Outbound } from '../outbound/outbound.ts';
import { Refusal } from '../refusal.ts';
import { openTestChat, type TestChat, type TestChatOptions } from '../testing.ts';
import { createIdentity, type Identity } from './identity.ts';
import { signToken } from './jwt.ts';

const origin = 'https://site.example';
const place = { origin, userAgent: 'Browser/1' };

const noOutbound: Outbound = {
  fetch: () => Promise.reject(new Error('nothing is called here')),
  check: () => Promise.reject(new Error('nothing is called here')),
};

async function refusal(work: Promise<unknown>): Promise<ChatErrorCode> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
  throw new Error('expected a refusal');
}

onEachDatabase((fresh) => {
  let chat: TestChat;
  let identity: Identity;
  afterEach(() => chat[Symbol.asyncDispose]());

  async function open(options: TestChatOptions = {}) {
    chat = await openTestChat({ url: await fresh(), ...options });
    identity = createIdentity({ core: chat.core, outbound: noOutbound });
  }
  const guest = (name: string) => identity.entry.asGuest(chat.app, name, place);
  const use = ({ accessToken }: SessionAnswer, from: string | null = origin) =>
    identity.authenticate({ authorization: `Bearer ${accessToken}`, origin: from });
  const sessionOf = async (answer: SessionAnswer) => (await use(answer)).session;

  test('a guest is somebody with a mark, and the access token says who', async () => {
    await open();
    const answer = await guest('  Ada  ');
    const { me } = answer;
    expect([me.name, me.kind, me.verified, me.moderator]).toEqual(['Ada', 'guest', false, false]);
    expect(answer.accessTokenExpiresAt).toBe(Math.floor(chat.clock.now() / 1000) * 1000 + 600_000);
    const caller = await use(answer);
    expect([caller.user, caller.kind, caller.app.id]).toEqual([me.id, 'guest', chat.app.id]);
    expect(await identity.people.sessions(chat.app.id, me.id)).toEqual([caller.session]);
    expect(await identity.people.person(chat.app.id, me.id)).toEqual({
      id: me.id,
      name: 'Ada',
      kind: 'guest',
      verified: false,
      avatar: null,
      deleted: false,
    });
    expect(await identity.people.person('another app', me.id)).toBeUndefined();
  });

  test('a guest may not look like a guest who is here, a user, or somebody who runs the chat', async () => {
    await open();
    await guest('Paul');
    expect(await refusal(guest('Раul'))).toBe('name_taken');
    expect(await refusal(guest('Moderator'))).toBe('name_taken');
    expect(await refusal(guest('\u200B'))).toBe('bad_request');
    expect(await refusal(guest('a'.repeat(41)))).toBe('bad_request');
    chat.clock.advance(15 * 60_000);
    await guest('PAUL');
  });

  test('a guest who is connected keeps the name, however long they say nothing', async () => {
    await open();
    const { me } = await guest('Paul');
    chat.clock.advance(60 * 60_000);
    chat.host.subscriptions.set(inboxOf(me.id), { subscriptions: 1, users: 0 });
    expect(await refusal(guest('paul'))).toBe('name_taken');
    chat.host.subscriptions.clear();
    chat.clock.advance(60 * 60_000);
    await guest('paul');
    expect(chat.problems).toEqual([]);
  });

  test('of guests who ask for one name at the same moment one gets it', async () => {
    await open();
    const asked = await Promise.allSettled(Array.from({ length: 6 }, () => guest('Ada')));
    expect(asked.filter(({ status }) => status === 'fulfilled').length).toBe(1);
  });

  test('where guests are not taken, none is', async () => {
    await open({ apps: [{ chatGuests: false }] });
    expect(await refusal(guest('Ada'))).toBe('guests_refused');
  });

  test('a token counts for its time, its origin and its app, and as it was signed', async () => {
    await open({ apps: [{}, {}] });
    const answer = await guest('Ada');
    expect(await refusal(use(answer, 'https://evil.example'))).toBe('origin_refused');
    expect((await use(answer, null)).user).toBe(answer.me.id);
    const [head, body, signature] = answer.accessToken.split('.') as [string, string, string];
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString());
    const forged = Buffer.from(JSON.stringify({ ...claims, app: '2' })).toString('base64url');
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    for (const accessToken of [
      '',
      'x',
      `${head}.${forged}.${signature}`,
      `${none}.${body}.`,
      `${none}.${body}.${signature}`,
      `${answer.accessToken}x`,
      'a'.repeat(5_000),
    ]) {
      expect(await refusal(use({ ...answer, accessToken }))).toBe('unauthorised');
    }
    expect(await refusal(identity.authenticate({ authorization: null, origin }))).toBe('unauthorised');
    chat.clock.advance(601_000);
    expect(await refusal(use(answer))).toBe('unauthorised');
  });

  test('renewing gives the next token; the one before is good until something of the next was used', async () => {
    await open();
    const first = await guest('Ada');
    const renew = (token: string | null) => identity.sessions.refresh(chat.app, token ?? '', place);
    const second = await renew(first.refreshToken);
    expect(second.refreshToken).not.toBe(first.refreshToken);
    expect(await sessionOf(first)).toBe(await sessionOf(first));
    // The answer was lost: asking again gives the same one.
    expect((await renew(first.refreshToken)).refreshToken).toBe(second.refreshToken);
    const third = await renew(second.refreshToken);
    expect(third.me).toEqual(first.me);
    const session = await sessionOf(third);
    expect(await refusal(renew(second.refreshToken))).toBe('session_ended');
    expect(chat.host.terminated).toEqual([{ appId: chat.app.id, userId: session }]);
    expect(await refusal(renew(third.refreshToken))).toBe('session_ended');
    expect(await refusal(use(third))).toBe('session_ended');
  });

  test('an older token than the one before ends the session at once', async () => {
    await open();
    const first = await guest('Ada');
    const renew = (token: string | null) => identity.sessions.refresh(chat.app, token ?? '', place);
    const second = await renew(first.refreshToken);
    const third = await renew(second.refreshToken);
    expect(await refusal(renew(first.refreshToken))).toBe('session_ended');
    expect(await refusal(renew(third.refreshToken))).toBe('session_ended');
  });

  test('two tabs that renew at the same moment get the same answer', async () => {
    await open();
    const first = await guest('Ada');
    const renew = () => identity.sessions.refresh(chat.app, first.refreshToken ?? '', place);
    const answers = await Promise.all([renew(), renew(), renew()]);
    expect(new Set(answers.map(({ refreshToken }) => refreshToken)).size).toBe(1);
  });

  test('nobody but its owner can end a session by a wrong refresh token, use it elsewhere, or in another app', async () => {
    await open({ apps: [{}, {}] });
    const answer = await guest('Ada');
    const [id, family, own] = (answer.refreshToken ?? '').split('.') as [string, string, string];
    const [, other] = chat.apps;
    if (other === undefined) throw new Error('there are two apps');
    const wrong = 'A'.repeat(43);
    for (const token of ['', 'x', `${id}.${wrong}.${own}`, `${id}.${wrong}.${wrong}`, `${id}.${family}`]) {
      expect(await refusal(identity.sessions.refresh(chat.app, token, place))).toBe('session_ended');
    }
    const token = answer.refreshToken ?? '';
    expect(await refusal(identity.sessions.refresh(other, token, place))).toBe('session_ended');
    const elsewhere = { ...place, origin: 'https://evil.example' };
    expect(await refusal(identity.sessions.refresh(chat.app, token, elsewhere))).toBe('origin_refused');
    await identity.sessions.refresh(chat.app, token, place);
  });

  test('a session that ends has its sockets closed, at once and once more', async () => {
    await open();
    const answer = await guest('Ada');
    const session = await sessionOf(answer);
    await identity.sessions.end(chat.app.id, { user: answer.me.id, session }, 'signed-out');
    expect(await refusal(use(answer))).toBe('session_ended');
    expect(chat.host.terminated).toEqual([{ appId: chat.app.id, userId: session }]);
    chat.clock.advance(5_000);
    await chat.settle();
    expect(chat.host.terminated.length).toBe(2);
  });

  test('sockets are closed later where the channel server cannot be reached', async () => {
    await open();
    const answer = await guest('Ada');
    const session = await sessionOf(answer);
    chat.host.failing = true;
    await identity.people.disconnect(chat.app.id, answer.me.id);
    await identity.sessions.end(chat.app.id, { user: answer.me.id, session }, 'signed-out');
    expect(chat.host.terminated).toEqual([]);
    chat.host.failing = false;
    chat.clock.advance(5_000);
    await chat.settle();
    expect(chat.host.terminated).toEqual([{ appId: chat.app.id, userId: session }]);
  });

  test('disconnecting somebody closes the sockets of each session and ends none', async () => {
    await open();
    const answer = await guest('Ada');
    await identity.people.disconnect(chat.app.id, answer.me.id);
    expect(chat.host.terminated).toEqual([{ appId: chat.app.id, userId: await sessionOf(answer) }]);
  });

  test('somebody new who signs in twice at the same moment is one person', async () => {
    await open();
    const now = Math.floor(chat.clock.now() / 1000);
    const secret = chat.app.settings.chatSecret ?? '';
    const token = await signToken({ aud: chat.app.id, sub: 'u1', exp: now + 60, name: 'Ada' }, secret);
    const none = { authorization: null, origin };
    const enter = () => identity.entry.byHost(chat.app, token, none, place);
    const answers = await Promise.all([enter(), enter(), enter(), enter()]);
    expect(new Set(answers.map(({ me }) => me.id)).size).toBe(1);
    const users = await chat.core.db.selectFrom('chat_users').select('id').execute();
    expect(users.length).toBe(1);
  });

  test('a guest is merged into somebody who is known, and erased with them', async () => {
    await open();
    const now = Math.floor(chat.clock.now() / 1000);
    const secret = chat.app.settings.chatSecret ?? '';
    const token = await signToken({ aud: chat.app.id, sub: 'u1', exp: now + 60, name: 'Ada' }, secret);
    const enter = (authorization: string | null) =>
      identity.entry.byHost(chat.app, token, { authorization, origin }, place);
    const known = await enter(null);
    const nelly = await guest('Nelly');
    const merged = await enter(`Bearer ${nelly.accessToken}`);
    expect(merged.me.id).toBe(known.me.id);
    const people = await identity.people.persons(chat.app.id, [nelly.me.id, known.me.id]);
    expect([...people.values()].map(({ id }) => id)).toEqual([known.me.id, known.me.id]);
    // The guest's name is free again, and its own row is nobody.
    await guest('Nelly');
    await identity.lives.erasePerson(chat.app.id, known.me.id);
    const left = await identity.people.person(chat.app.id, nelly.me.id);
    expect(left).toMatchObject({ id: known.me.id, name: '', deleted: true });
    expect(await refusal(use(merged))).toBe('session_ended');
    const names = await chat.core.db.selectFrom('chat_users').select('name').execute();
    expect(names.map(({ name }) => name).sort()).toEqual(['', '', 'Nelly']);
  });

  test('a session that nobody renews ends', async () => {
    await open();
    const ended: unknown[] = [];
    identity.hooks.on('sessionsEnded', (...event) => void ended.push(event));
    const answer = await guest('Ada');
    const session = await sessionOf(answer);
    chat.clock.advance(60 * 86_400_000);
    expect(await identity.people.sessions(chat.app.id, answer.me.id)).toEqual([]);
    expect(await refusal(identity.sessions.refresh(chat.app, answer.refreshToken ?? '', place))).toBe(
      'session_ended',
    );
    await identity.sessions.sweep();
    expect(ended).toEqual([[chat.app.id, [session], 'expired']]);
    expect(chat.host.terminated.length).toBe(1);
  });
});
