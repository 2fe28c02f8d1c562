import { expect, test } from 'bun:test';
import { systemClock } from '@earshot/base';
import { type FreshDatabase, onEachDatabase } from '../../../../tests/support/databases.ts';
import { chatRouter, refusalResponse } from '../api/api.ts';
import type { Id, Message, Report } from '../contract/index.ts';
import type { Caller } from '../core/core.ts';
import { newId } from '../ids.ts';
import { createOutbound } from '../outbound/outbound.ts';
import { Refusal, refuse } from '../refusal.ts';
import type { ChatSettings } from '../settings.ts';
import { openTestChat, TestAttachments, TestPeople } from '../testing.ts';
import { audit } from './audit.ts';
import { Reports } from './reports.ts';
import { reportRoutes } from './routes.ts';
import { signatureOf } from './webhook.ts';

onEachDatabase((fresh) => {
  test('a report keeps what was around the message, for moderators only, and says what happens next', async () => {
    await using chat = await open(fresh);
    const response = await chat.report({ text: ' He\u0000 is rude ' });
    expect(response.status).toBe(201);
    const statement = await response.json();
    expect(statement).toMatchObject({ state: 'open', reason: 'harassment', at: chat.clock.now() });
    expect(statement.statement).toContain('look at it and decide');
    expect(Object.keys(statement)).not.toContain('context');

    expect((await chat.ask('GET', '/reports', chat.ann)).status).toBe(403);
    expect((await chat.ask('GET', `/reports/${statement.id}`, chat.ann)).status).toBe(403);
    const { reports, more } = await (await chat.ask('GET', '/reports', chat.mod)).json();
    expect(more).toBeFalse();
    expect(reports).toMatchObject([
      {
        id: statement.id,
        reporter: { name: 'Ann' },
        person: { name: 'Ben' },
        conversation: chat.room,
        room: null,
        seq: 7,
        reason: 'harassment',
        text: 'He is rude',
        state: 'open',
      },
    ]);
    expect(reports[0].context.map(({ seq }: Message) => seq)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(reports[0].context[5].attachments).toMatchObject([{ url: '/chat/api/v1/files/a-file' }]);
  });

  test('moderators decide once; it is written down, told to the reporter, and gone half a year later', async () => {
    await using chat = await open(fresh);
    const { id } = await (await chat.report()).json();
    const decide = (state: string, caller = chat.mod) =>
      chat.ask('POST', `/reports/${id}`, caller, { state });
    expect((await decide('resolved', chat.ann)).status).toBe(403);
    expect(await (await decide('resolved')).json()).toMatchObject({ id, state: 'resolved' });
    expect((await decide('resolved')).status).toBe(200);
    await decide('open');
    await decide('dismissed');
    const { core, app, people, room, mod, ben } = chat;
    const entries = await audit.ofConversation(core.db, people, app.id, room);
    expect(entries.map(({ act }) => act).sort()).toEqual([
      'report-dismissed',
      'report-reopened',
      'report-resolved',
    ]);
    expect(entries[0]).toMatchObject({ actor: { id: mod.user }, person: { id: ben.user }, detail: id });
    expect((await decide('whatever')).status).toBe(400);
    expect((await chat.ask('POST', `/reports/${newId()}`, chat.mod, { state: 'open' })).status).toBe(404);

    const mine = await (await chat.ask('GET', '/reports/mine', chat.ann)).json();
    expect(mine.reports).toMatchObject([{ id, state: 'dismissed' }]);
    expect(mine.reports[0].statement).toContain('found no reason to act');
    expect((await (await chat.ask('GET', '/reports/mine', chat.ben)).json()).reports).toEqual([]);

    chat.clock.advance(180 * 24 * 60 * 60_000);
    await chat.settle();
    expect((await chat.ask('GET', `/reports/${id}`, chat.mod)).status).toBe(404);
    expect(await core.db.selectFrom('chat_report_people').selectAll().execute()).toEqual([]);
  });

  test('the queue comes in pages, newest first, each state for itself', async () => {
    await using chat = await open(fresh);
    const ids: Id[] = [];
    for (let reporter = 0; reporter < 6; reporter++) {
      const caller = chat.people.caller(chat.app, chat.people.add(`Reporter ${reporter}`).id);
      for (let i = 0; i < 10; i++) {
        const person = chat.people.add(`Person ${i}`).id;
        const made = await chat.report({ person, conversation: null, seq: null }, caller);
        ids.push((await made.json()).id);
        if (i % 2 === 0) chat.clock.advance(1); // others have the same time
      }
    }
    await chat.ask('POST', `/reports/${ids[0]}`, chat.mod, { state: 'resolved' });
    const first = await (await chat.ask('GET', '/reports', chat.mod)).json();
    expect([first.reports.length, first.more]).toEqual([50, true]);
    const last = first.reports.at(-1).id;
    const rest = await (await chat.ask('GET', `/reports?before=${last}`, chat.mod)).json();
    expect([rest.reports.length, rest.more]).toEqual([9, false]);
    const seen = [...first.reports, ...rest.reports].map(({ id }: Report) => id);
    expect(new Set(seen)).toEqual(new Set(ids.slice(1)));
    const resolved = await (await chat.ask('GET', '/reports?state=resolved', chat.mod)).json();
    expect(resolved.reports).toMatchObject([{ id: ids[0] }]);
  });

  test('the webhook is signed, carries ids and a link and no words, and is tried again', async () => {
    await using chat = await open(fresh, [{ chatReportUrl: 'https://made-up.test/replaced' }]);
    const answers = [500, 302, 200];
    const seen: { body: string; signature: string }[] = [];
    using hook = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      async fetch(request) {
        seen.push({
          body: await request.text(),
          signature: request.headers.get('Earshot-Signature') ?? '',
        });
        return new Response('no', { status: answers[seen.length - 1] ?? 200 });
      },
    });
    chat.configure({ chatReportUrl: `http://127.0.0.1:${hook.port}/reports` });
    const { id } = await (await chat.report({ text: 'very private words' })).json();
    await chat.settle();
    expect(seen).toHaveLength(1);
    chat.clock.advance(10_000);
    await chat.settle();
    chat.clock.advance(19_999);
    await chat.settle();
    expect(seen).toHaveLength(2);
    chat.clock.advance(1);
    await chat.settle();
    chat.clock.advance(24 * 60 * 60_000);
    await chat.settle();
    expect(seen).toHaveLength(3);

    const { body, signature } = seen[2] ?? { body: '', signature: '' };
    const [, seconds = '', hex = ''] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(signature) ?? [];
    expect(Number(seconds) * 1000).toBeWithin(
      chat.clock.now() - 25 * 60 * 60_000,
      chat.clock.now() - 86_000_000,
    );
    expect(hex).toBe(signatureOf(chat.app.settings.chatSecret ?? '', Number(seconds), body));
    expect(JSON.parse(body)).toEqual({
      type: 'report',
      app: chat.app.id,
      report: {
        id,
        reporter: chat.ann.user,
        person: chat.ben.user,
        conversation: chat.room,
        seq: 7,
        reason: 'harassment',
        at: expect.any(Number),
      },
      link: `https://chat.example.com/reports/${id}`,
    });
    for (const said of ['very private words', 'message 7', 'Ben']) expect(body).not.toContain(said);
    expect(chat.problems).toEqual([]);
  });

  test('an address that never answers is given up after some hours, and that is told', async () => {
    await using chat = await open(fresh, [{ chatReportUrl: 'http://169.254.169.254/' }]);
    await chat.report({ text: 'private' });
    for (let i = 0; i < 20; i++) {
      await chat.settle();
      chat.clock.advance(60 * 60_000);
    }
    expect(chat.problems.map(({ stage }) => stage)).toEqual(['report webhook']);
    expect(String(chat.problems[0]?.error)).not.toContain('private');
  });

  test('data of a person: reports go along, words are exported to whose they are, and erased', async () => {
    await using chat = await open(fresh);
    const guest = chat.people.add('Guest', { kind: 'guest' }).id;
    await chat.report({ text: 'my words' }, chat.people.caller(chat.app, guest));
    const { merge, export: read, erase } = chat.reports.personalData;
    const { db } = chat.core;
    await db.transaction().execute((trx) => merge(trx, chat.app.id, guest, chat.ann.user));
    expect(await read(chat.app.id, guest)).toEqual({ made: [], quoted: [], acts: [], actsOnMe: [] });
    expect(await read(chat.app.id, chat.ann.user)).toMatchObject({
      made: [{ person: chat.ben.user, text: 'my words', seq: 7 }],
      quoted: [2, 4, 6, 8, 10, 12].map((seq) => ({ seq, text: `message ${seq}` })),
    });
    const bens = (await read(chat.app.id, chat.ben.user)) as { quoted: unknown[]; made: unknown[] };
    expect([bens.made, bens.quoted.length]).toEqual([[], 5]);
    expect(JSON.stringify(bens)).not.toContain('my words');

    await db.transaction().execute((trx) => merge(trx, chat.app.id, chat.ben.user, chat.mod.user));
    const [merged] = (await (await chat.ask('GET', '/reports', chat.mod)).json()).reports;
    expect(merged.person.id).toBe(chat.mod.user);
    expect(JSON.stringify(merged)).not.toContain(chat.ben.user);

    await db.transaction().execute((trx) => erase(trx, chat.app.id, chat.ann.user));
    const [erased] = (await (await chat.ask('GET', '/reports', chat.mod)).json()).reports;
    expect(erased.text).toBe('');
    const byAnn = erased.context.filter(({ seq }: Message) => seq % 2 === 0);
    expect(byAnn.map(({ text }: Message) => text)).toEqual(['', '', '', '', '', '']);
    expect(byAnn[0].author).toMatchObject({ name: '', deleted: true });
    expect(erased.context[1].replyTo).toMatchObject({ excerpt: '', author: { deleted: true } });
    expect(erased.context[1].text).toBe('message 3');
    expect(await read(chat.app.id, chat.ann.user)).toMatchObject({ quoted: [] });
  });
});

test('only what the reporter can see, and only whom it is from, can be reported', async () => {
  await using chat = await open();
  const code = async (change: object) => {
    const response = await chat.report(change);
    return response.ok ? 'taken' : (await response.json()).error.code;
  };
  expect(await code({ conversation: newId() })).toBe('not_found');
  expect(await code({ seq: 99 })).toBe('not_found');
  expect(await code({ person: chat.mod.user })).toBe('bad_request');
  expect(await code({ person: chat.ann.user })).toBe('bad_request');
  expect(await code({ person: newId() })).toBe('not_found');
  expect(await code({ seq: null })).toBe('bad_request');
  expect(await code({ conversation: null })).toBe('bad_request');
  expect(await code({ reason: 'boring' })).toBe('bad_request');
  expect(await code({ text: 'x'.repeat(1_001) })).toBe('bad_request');
  expect(await code({ conversation: undefined, seq: undefined })).toBe('taken');
  expect(await code({})).toBe('taken');
});

test('the same report twice is one; ten others a day are enough', async () => {
  await using chat = await open();
  const first = await (await chat.report()).json();
  const again = await (await chat.report({ text: 'again' })).json();
  expect(again).toEqual(first);
  for (let i = 1; i < 10; i++) {
    chat.clock.advance(60_000);
    const person = chat.people.add(`Person ${i}`).id;
    expect((await chat.report({ person, conversation: null, seq: null })).status).toBe(201);
  }
  const person = chat.people.add('One more').id;
  const refused = await chat.report({ person, conversation: null, seq: null });
  expect([refused.status, refused.headers.get('Retry-After')]).toEqual([429, `${24 * 3600 - 9 * 60}`]);
  chat.clock.advance(24 * 60 * 60_000);
  expect((await chat.report({ person, conversation: null, seq: null })).status).toBe(201);
});

test('no message has its words in the record of moderators’ acts, and erasing empties what was noted', async () => {
  await using chat = await open();
  const { core, app, people, mod, ben, room } = chat;
  const act = { actor: mod.user, act: 'ban', person: ben.user, conversation: room, detail: 'spam', at: 1 };
  await core.db.transaction().execute((trx) => audit.add(trx, app.id, act));
  const undone = core.db.transaction().execute(async (trx) => {
    await audit.add(trx, app.id, act);
    throw new Error('undone');
  });
  await expect(undone).rejects.toThrow('undone');
  expect(await audit.ofConversation(core.db, people, app.id, room)).toMatchObject([
    { actor: { name: 'Mod' }, act: 'ban', person: { name: 'Ben' }, detail: 'spam' },
  ]);
  expect(await audit.ofConversation(core.db, people, '2', room)).toEqual([]);
  const { erase } = chat.reports.personalData;
  await core.db.transaction().execute((trx) => erase(trx, app.id, ben.user));
  expect(await audit.ofConversation(core.db, people, app.id, room)).toMatchObject([{ detail: '' }]);
});

async function open(fresh?: FreshDatabase, apps: readonly Partial<ChatSettings>[] = [{}]) {
  const url = await fresh?.();
  const chat = await openTestChat({ apps, ...(url === undefined ? {} : { url }) });
  const people = new TestPeople(chat.host);
  const add = (name: string, more = {}) => people.caller(chat.app, people.add(name, more).id);
  const ann = add('Ann');
  const ben = add('Ben');
  const mod = add('Mod', { moderator: true });
  const room = newId();
  // Even ones are of Ann, odd ones of Ben, who answers.
  const messages = await Promise.all(
    Array.from({ length: 20 }, async (_, index) => {
      const seq = index + 1;
      const [author, other] = await Promise.all(
        (seq % 2 === 0 ? [ann, ben] : [ben, ann]).map(({ user }) => people.person(chat.app.id, user)),
      );
      const replyTo = seq === 3 ? { seq: 2, author: other, excerpt: 'message 2' } : null;
      const attachments = seq === 7 ? [{ id: 'a-file', url: 'expired' }] : [];
      return {
        id: `message ${seq}`,
        conversation: room,
        seq,
        change: seq,
        author,
        kind: 'text',
        text: `message ${seq}`,
        system: null,
        replyTo,
        attachments,
        mentions: [],
        reactions: [],
        at: seq,
        editedAt: null,
        deletedAt: null,
      } as unknown as Message;
    }),
  );
  const reports = new Reports({
    core: chat.core,
    people,
    attachments: new TestAttachments(),
    conversations: {
      around: async (_caller, conversation, seq, most) => {
        if (conversation !== room || messages[seq - 1] === undefined) refuse('not_found');
        return messages.slice(Math.max(0, seq - 1 - most), seq + most);
      },
    },
    outbound: createOutbound({ clock: systemClock, allowPrivate: true }),
    secretOf: async (app) => app.settings.chatSecret ?? '',
    linkTo: (_app, report) => `https://chat.example.com/reports/${report}`,
  });
  let current = ann;
  const router = chatRouter();
  router.use(async (c, next) => {
    c.set('caller', { ...current, app: chat.app });
    await next();
  });
  router.route('/', reportRoutes(reports));
  router.onError((error, c) => {
    if (error instanceof Refusal) return refusalResponse(c, error);
    throw error;
  });
  const ask = async (method: string, path: string, caller: Caller, body?: object) => {
    current = caller;
    const sent =
      body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } };
    return router.request(path, { method, ...sent });
  };
  return {
    ...chat,
    get app() {
      return chat.app;
    },
    people,
    ann,
    ben,
    mod,
    room,
    reports,
    ask,
    report: (change: object = {}, caller = ann) => {
      const said = { person: ben.user, conversation: room, seq: 7, reason: 'harassment', text: '' };
      return ask('POST', '/reports', caller, { ...said, ...change });
    },
  };
}
