import { expect, test } from 'bun:test';
import { createECDH } from 'node:crypto';
import { ManualClock, systemClock } from '@earshot/base';
import { makeCertificate } from '../../../../tests/support/certificate.ts';
import { type FreshDatabase, onEachDatabase } from '../../../../tests/support/databases.ts';
import { chatRouter, refusalResponse } from '../api/api.ts';
import type { Id, Me, Message, PushPayload } from '../contract/index.ts';
import type { Caller } from '../core/core.ts';
import { Keys } from '../core/keys.ts';
import { newId } from '../ids.ts';
import { createOutbound } from '../outbound/outbound.ts';
import { Refusal } from '../refusal.ts';
import { openTestChat, TestPeople, TestReach } from '../testing.ts';
import { Notify } from './notify.ts';
import { decrypted, startPushService } from './push-service.testing.ts';
import { notifyRoutes } from './routes.ts';

test('the test service reads the example of RFC 8291', () => {
  const bytes = (text: string) => Buffer.from(text, 'base64url');
  const browser = createECDH('prime256v1');
  browser.setPrivateKey(bytes('q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94'));
  expect(browser.getPublicKey('base64url')).toBe(
    'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
  );
  const body = bytes(
    'DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tlz' +
      'AC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN',
  );
  const auth = bytes('BTBZMqHH6r4Tts7J_aSIgg');
  expect(decrypted(body, browser, auth).toString()).toBe('When I grow up, I want to be a watermelon');
});

onEachDatabase((fresh) => {
  test('who is away gets a message: encrypted for the browser, signed for the service', async () => {
    await using chat = await open(fresh);
    expect((await chat.subscribe()).status).toBe(204);
    chat.say('Hello   there\nBen');
    await chat.gathered();
    expect(chat.service.faults).toEqual([]);
    const [pushed] = chat.service.received;
    expect(pushed).toMatchObject({ ttl: 86_400, urgency: 'high', path: '/push/one' });
    expect(pushed?.claims.sub).toBe('https://chat.example.com');
    expect(pushed?.topic).toMatch(/^[\w-]{32}$/);
    expect(pushed?.topic).not.toContain(chat.conversation);
    expect(chat.payloads()).toEqual([
      {
        earshot: 1,
        app: chat.app.key,
        kind: 'message',
        conversation: chat.conversation,
        title: 'Ann',
        body: 'Hello there Ben\nchat.example.com',
        text: 'Hello there Ben',
        count: 1,
        host: 'chat.example.com',
      },
    ]);
  });

  test('a burst is one notification, and its rest another one later', async () => {
    await using chat = await open(fresh);
    await chat.subscribe();
    for (const text of ['one', 'two', 'three']) chat.say(text, { title: 'Lobby' });
    chat.say('elsewhere', { conversation: newId() });
    await chat.gathered();
    const seen = () => chat.payloads().map(({ title, text, count }) => [title, text, count]);
    expect(seen().sort(([a], [b]) => String(b).localeCompare(String(a)))).toEqual([
      ['Ann · Lobby', 'three', 3],
      ['Ann', 'elsewhere', 1],
    ]);
    chat.say('four', { title: 'Lobby' });
    chat.say('five', { title: 'Lobby' });
    await chat.gathered();
    expect(chat.service.received).toHaveLength(2);
    await chat.advance(15_000);
    expect(seen().slice(2)).toEqual([['Ann · Lobby', 'five', 2]]);
    expect(new Set(chat.service.received.map(({ topic }) => topic)).size).toBe(2);
  });

  test('nobody is called who is here, has come back, is the sender, or has no subscription', async () => {
    await using chat = await open(fresh);
    await chat.subscribe();
    await chat.subscribe(chat.ann, '/push/ann');
    chat.say('to the sender', { to: [chat.ann.user] });
    chat.reach.connected.add(chat.ben.user);
    chat.say('is here');
    await chat.gathered();
    chat.reach.connected.clear();
    chat.say('comes back', { conversation: newId() });
    await chat.notify.idle();
    chat.reach.connected.add(chat.ben.user);
    await chat.gathered();
    expect(chat.service.received).toEqual([]);
  });

  test('the text is not told where the person does not want that', async () => {
    await using chat = await open(fresh);
    chat.people.change(chat.ben.user, { preferences: { receipts: true, hideText: true, sound: true } });
    await chat.subscribe();
    chat.say('secret');
    await chat.gathered();
    expect(chat.payloads()).toMatchObject([
      { title: 'Ann', text: '', body: 'New message\nchat.example.com' },
    ]);
    expect(chat.service.received[0]?.text).not.toContain('secret');
  });

  test('an invitation comes at once, and only while it is open', async () => {
    await using chat = await open(fresh);
    await chat.subscribe();
    const [from, to] = [await chat.person(chat.ann), await chat.person(chat.ben)];
    const at = chat.clock.now();
    const invitation = { id: newId(), from, to, state: 'asked', at, conversation: null } as const;
    chat.notify.invitation(chat.app.id, { ...invitation, expiresAt: at + 60_000 });
    chat.notify.invitation(chat.app.id, { ...invitation, expiresAt: at });
    await chat.notify.idle();
    expect(chat.service.received).toMatchObject([{ ttl: 60, urgency: 'high' }]);
    expect(chat.payloads()).toMatchObject([{ kind: 'invitation', title: 'Ann', conversation: null }]);
  });

  test('a browser that is gone is forgotten; one that has been somebody else’s, too', async () => {
    await using chat = await open(fresh);
    await chat.subscribe();
    await chat.subscribe(chat.ann); // the same browser
    chat.say('for Ben');
    await chat.gathered();
    expect(chat.service.received).toEqual([]);
    for (const status of [404, 410, 403]) {
      await chat.subscribe(chat.ben, `/push/${status}`);
      chat.service.answers.push(new Response(null, { status }));
      chat.say('anybody?', { conversation: newId() });
      await chat.gathered();
      expect(await chat.owners()).toEqual([chat.ann.user]);
    }
    expect(chat.problems).toEqual([]);
  });

  test('a session that has ended gets nothing any more', async () => {
    await using chat = await open(fresh);
    await chat.subscribe({ ...chat.ben, session: 'one that has ended' });
    chat.say('hello');
    await chat.gathered();
    expect([chat.service.received, await chat.owners()]).toEqual([[], []]);
    await chat.subscribe();
    await chat.subscribe(chat.ann, '/push/ann');
    await chat.notify.sessionsEnded(chat.app.id, [chat.ben.session, 'unknown']);
    expect(await chat.owners()).toEqual([chat.ann.user]);
  });

  test('a service that is busy is asked again, when it says, a few times', async () => {
    await using chat = await open(fresh);
    await chat.subscribe();
    chat.service.answers.push(
      new Response(null, { status: 429, headers: { 'Retry-After': '120' } }),
      new Response(null, { status: 503 }),
    );
    chat.say('patience');
    await chat.gathered();
    const [waiting] = await chat.core.db.selectFrom('chat_push_retries').selectAll().execute();
    expect(Buffer.from(waiting?.body ?? '', 'base64').toString('latin1')).not.toContain('patience');
    await chat.advance(119_999);
    expect(chat.service.answers).toHaveLength(1);
    await chat.advance(1);
    expect(chat.service.answers).toHaveLength(0);
    await chat.advance(20_000);
    expect(chat.payloads()).toMatchObject([{ text: 'patience' }]);
    expect(chat.service.received[0]?.ttl).toBe(86_400 - 140);
    expect(await chat.core.db.selectFrom('chat_push_retries').selectAll().execute()).toEqual([]);
  });

  test('a service that stays busy is given up, and that is told without the text', async () => {
    await using chat = await open(fresh);
    await chat.subscribe();
    for (let i = 0; i < 5; i++) chat.service.answers.push(new Response('no', { status: 500 }));
    chat.say('patience');
    await chat.gathered();
    for (const seconds of [10, 20, 40, 80]) await chat.advance(seconds * 1000);
    expect(chat.service.answers).toEqual([]);
    await chat.advance(3_600_000);
    expect(chat.service.received).toEqual([]);
    expect(chat.problems.map(({ error }) => String(error))).toEqual([
      'Error: The push service answered 500.',
    ]);
  });

  test('a test tells whether it works', async () => {
    await using chat = await open(fresh);
    const ask = async () => {
      const response = await chat.ask('POST', '/push/test');
      return response.status === 204 ? 204 : (await response.json()).error;
    };
    expect(await ask()).toMatchObject({ code: 'not_found' });
    await chat.subscribe();
    expect(await ask()).toBe(204);
    expect(chat.payloads()).toMatchObject([{ kind: 'test', body: 'Notifications work\nchat.example.com' }]);
    chat.service.answers.push(new Response(null, { status: 500 }));
    expect(await ask()).toMatchObject({
      code: 'unavailable',
      message: 'The push service answered 500.',
    });
    expect((await chat.ask('DELETE', '/push/subscription')).status).toBe(204);
    expect(await ask()).toMatchObject({ code: 'not_found' });
  });

  test('data of a person: browsers go along, are exported, are erased', async () => {
    await using chat = await open(fresh);
    const guest = chat.people.add('Guest', { kind: 'guest' }).id;
    await chat.subscribe(chat.people.caller(chat.app, guest));
    const { merge, export: read, erase } = chat.notify.personalData;
    const inTransaction = (work: typeof erase) =>
      chat.core.db.transaction().execute((trx) => work(trx, chat.app.id, chat.ben.user));
    await chat.core.db.transaction().execute((trx) => merge(trx, chat.app.id, guest, chat.ben.user));
    expect(await read(chat.app.id, chat.ben.user)).toEqual([
      { endpoint: chat.service.subscription().endpoint, since: chat.clock.now() },
    ]);
    await inTransaction(erase);
    expect(await read(chat.app.id, chat.ben.user)).toEqual([]);
  });
});

test('the server is known by the same key on every node and after a restart', async () => {
  await using chat = await open();
  const again = await chat.another().publicKey(chat.app.id);
  expect(await chat.notify.publicKey(chat.app.id)).toBe(again);
  expect(Buffer.from(again, 'base64url')).toHaveLength(65);
});

test('an endpoint that is none, or leads into this network, is refused', async () => {
  await using chat = await open();
  const refused = async (change: object) => {
    const subscription = { ...chat.service.subscription(), ...change };
    const response = await chat.ask('PUT', '/push/subscription', chat.ben, subscription);
    return response.status === 204 ? 'taken' : (await response.json()).error.field;
  };
  expect(await refused({ endpoint: 'https://metadata.test/' })).toBe('endpoint');
  expect(await refused({ endpoint: 'https://169.254.169.254/latest' })).toBe('endpoint');
  expect(await refused({ endpoint: 'ftp://localhost/' })).toBe('endpoint');
  expect(await refused({ endpoint: 'no address' })).toBe('endpoint');
  expect(await refused({ endpoint: `https://localhost/${'x'.repeat(2_048)}` })).toBe('endpoint');
  const { keys } = chat.service.subscription();
  expect(await refused({ keys: { ...keys, auth: 'short' } })).toBe('keys');
  const offTheCurve = Buffer.alloc(65, 4).toString('base64url');
  expect(await refused({ keys: { ...keys, p256dh: offTheCurve } })).toBe('keys');
  expect(await refused({ keys: { ...keys, p256dh: '<script>' } })).toBe('keys.p256dh');
  expect(await refused({})).toBe('taken');
});

test('what gathers when the server stops is sent', async () => {
  await using chat = await open();
  await chat.subscribe();
  chat.say('last words');
  await chat.notify.stop();
  expect(chat.payloads()).toMatchObject([{ text: 'last words' }]);
});

test('a server that stops does not wait for a push service that does not answer', async () => {
  await using chat = await open();
  await chat.subscribe();
  const asked = Promise.withResolvers<void>();
  chat.service.beforeAnswer = () => {
    asked.resolve();
    return new Promise(() => {});
  };
  chat.say('last words');
  const stopped = chat.notify.stop();
  await asked.promise;
  chat.clock.advance(5_000);
  await stopped;
  expect(chat.service.received).toHaveLength(1);
});

async function open(fresh?: FreshDatabase) {
  const certificate = await makeCertificate();
  const url = await fresh?.();
  const chat = await openTestChat({ clock: new ManualClock(), ...(url === undefined ? {} : { url }) });
  const people = new TestPeople(chat.host);
  const reach = new TestReach();
  const ann = people.caller(chat.app, people.add('Ann').id);
  const ben = people.caller(chat.app, people.add('Ben').id);
  const outbound = createOutbound({
    clock: systemClock,
    allowPrivate: true,
    ca: certificate.cert,
    lookup: async (host) => [host === 'metadata.test' ? '169.254.169.254' : '127.0.0.1'],
  });
  const parts = { people, reach, outbound, contact: 'https://chat.example.com' };
  const notify = new Notify({ core: chat.core, keys: new Keys(chat.core), ...parts });
  chat.background(() => notify.idle());
  const key = await Bun.file(certificate.keyFile).text();
  const service = startPushService(() => notify.publicKey(chat.app.id), { cert: certificate.cert, key });
  let current = ben;
  const router = chatRouter();
  router.use(async (c, next) => {
    c.set('caller', current);
    await next();
  });
  router.route(
    '/',
    notifyRoutes(notify, () => 'chat.example.com'),
  );
  router.onError((error, c) => {
    if (error instanceof Refusal) return refusalResponse(c, error);
    throw error;
  });
  const conversation = newId();
  let seq = 0;
  const ask = async (method: string, path: string, caller = ben, body: object = {}) => {
    current = caller;
    const headers = { 'Content-Type': 'application/json' };
    return router.request(path, { method, headers, body: JSON.stringify(body) }, { client: {} });
  };
  return {
    ...chat,
    app: chat.app,
    people,
    reach,
    ann,
    ben,
    notify,
    service,
    conversation,
    ask,
    person: async (caller: Caller) => (await people.person(chat.app.id, caller.user)) as Me,
    /** As another node, or after a restart. Only one of them may have timers in a test. */
    another: () =>
      new Notify({
        core: { ...chat.core, timers: { ...chat.core.timers, on: () => {} } },
        keys: new Keys(chat.core),
        ...parts,
      }),
    subscribe: (caller = ben, path?: string) =>
      ask('PUT', '/push/subscription', caller, service.subscription(path)),
    /** A message of Ann's. */
    say(text: string, more: { conversation?: Id; title?: string; to?: readonly Id[] } = {}) {
      const author = { id: ann.user, name: 'Ann' };
      const message = { author, conversation, kind: 'text', text, seq: ++seq, ...more } as unknown as Message;
      notify.message(chat.app.id, message, more.title ?? '', more.to ?? [ben.user]);
    },
    /** What was said has gathered and is sent. */
    async gathered() {
      await notify.idle();
      chat.clock.advance(2_000);
      await notify.idle();
    },
    async advance(ms: number) {
      chat.clock.advance(ms);
      await chat.settle();
    },
    payloads: () => service.received.map(({ text }): PushPayload => JSON.parse(text)),
    owners: async () =>
      (await chat.core.db.selectFrom('chat_push_subscriptions').select('owner').execute()).map(
        ({ owner }) => owner,
      ),
    async [Symbol.asyncDispose]() {
      service[Symbol.dispose]();
      await chat[Symbol.asyncDispose]();
      await certificate[Symbol.asyncDispose]();
    },
  };
}
