import { expect, test } from 'bun:test';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type FreshDatabase, onEachDatabase } from '../../../../tests/support/databases.ts';
import { temporaryFolder } from '../../../../tests/support/server.ts';
import { chatRouter, refusalResponse } from '../api/api.ts';
import type { Attachment, Id } from '../contract/index.ts';
import type { Caller } from '../core/core.ts';
import { Keys } from '../core/keys.ts';
import { newId } from '../ids.ts';
import { Refusal, refuse } from '../refusal.ts';
import type { ChatSettings } from '../settings.ts';
import { openTestChat, TestPeople } from '../testing.ts';
import { Files } from './files.ts';
import { jpeg, png } from './pictures.testing.ts';
import { fileRoutes } from './routes.ts';
import { diskStorage } from './storage-disk.ts';

onEachDatabase((fresh) => {
  test('a picture is stored anew, and fetched by a signed address without credentials', async () => {
    await using chat = await open(fresh);
    const response = await chat.post(await jpeg(900, 300), { 'X-File-Name': 'Me%20%26%20you.jpeg' });
    expect(response.status).toBe(201);
    const attachment: Attachment = await response.json();
    const { id, bytes, url, previewUrl, urlExpiresAt } = attachment;
    expect(attachment).toEqual({
      id: expect.any(String),
      kind: 'image',
      name: 'Me & you.webp',
      type: 'image/webp',
      bytes: expect.any(Number),
      width: 900,
      height: 300,
      url: expect.stringContaining(`/chat/api/v1/files/${id}?`),
      previewUrl: expect.stringContaining(`/chat/api/v1/files/${id}?`),
      urlExpiresAt: expect.any(Number),
    });
    expect(urlExpiresAt - chat.clock.now()).toBeWithin(60 * 60_000, 90 * 60_000 + 1);

    const file = await chat.get(url);
    expect(file.status).toBe(200);
    expect(Object.fromEntries(file.headers)).toMatchObject({
      'content-type': 'image/webp',
      'content-length': `${bytes}`,
      'content-disposition': `inline; filename="Me & you.webp"; filename*=UTF-8''Me%20%26%20you.webp`,
      'x-content-type-options': 'nosniff',
      'content-security-policy': "sandbox; default-src 'none'",
      'cross-origin-resource-policy': 'cross-origin',
      'cache-control': `private, max-age=${(urlExpiresAt - chat.clock.now()) / 1000}, immutable`,
    });
    expect(await new Bun.Image(await file.bytes()).metadata()).toMatchObject({ width: 900, format: 'webp' });
    const preview = await (await chat.get(previewUrl ?? '')).bytes();
    expect(await new Bun.Image(preview).metadata()).toMatchObject({ width: 480, format: 'webp' });

    const etag = file.headers.get('ETag') ?? '';
    const again = await chat.get(url, { 'If-None-Match': etag });
    expect([again.status, await again.text()]).toEqual([304, '']);
  });

  test('whatever could run is a download, whatever it claims to be', async () => {
    await using chat = await open(fresh);
    for (const body of [
      '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
      '<html><script>alert(1)</script>',
      '%PDF-1.7',
      '<?xml version="1.0"?><a/>',
    ]) {
      const uploaded = await chat.post(body, { 'Content-Type': 'image/png', 'X-File-Name': 'cat.png' });
      const attachment: Attachment = await uploaded.json();
      expect(attachment).toMatchObject({ kind: 'file', previewUrl: null, width: null });
      const { headers } = await chat.get(attachment.url);
      expect(headers.get('Content-Type')).toBe('application/octet-stream');
      expect(headers.get('Content-Disposition')).toStartWith('attachment;');
      expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
      expect(headers.get('Content-Security-Policy')).toBe("sandbox; default-src 'none'");
    }
  });

  test('an address works until it expires, for one file, in one app, and the next one is the same for a while', async () => {
    await using chat = await open(fresh, [{}, {}]);
    const one = await chat.uploaded('one');
    const two = await chat.uploaded('two');
    const [other] = (await chat.files.describe(chat.app.id, [one.id])).values();
    expect(other?.url).toBe(one.url);
    const refused = async (url: string) => (await chat.get(url)).status;
    expect(await refused(one.url.replace(one.id, two.id))).toBe(403);
    expect(await refused(one.url.replace('of=file', 'of=preview'))).toBe(403);
    expect(await refused(one.url.replace(/until=\d+/, 'until=9000000000000'))).toBe(403);
    expect(await refused(one.url.replace('key-of-app-1', 'key-of-app-2'))).toBe(403);
    expect(await refused(one.url.replace('key-of-app-1', 'no-app'))).toBe(404);
    expect(await refused(one.url.replace(/signature=.*/, 'signature='))).toBe(403);
    expect(await refused(one.url.replace(/&signature=.*/, ''))).toBe(400);
    expect(await refused(one.url)).toBe(200);
    chat.clock.advance(one.urlExpiresAt - chat.clock.now());
    expect(await refused(one.url)).toBe(403);
    const [renewed] = (await chat.files.describe(chat.app.id, [two.id])).values();
    expect(renewed?.url).not.toBe(two.url);
  });

  test('a message claims its files once; those of others, of elsewhere and unknown ones it cannot', async () => {
    await using chat = await open(fresh);
    const { id } = await chat.uploaded('mine');
    const claim = (owner: Id, conversation: Id, ids: readonly Id[]) =>
      chat.core.db
        .transaction()
        .execute((trx) => chat.files.claim(trx, chat.app.id, owner, conversation, ids));
    const codeOf = (work: Promise<void>) => work.then(() => 'claimed').catch((error) => error.code);
    const other = chat.people.add('Eve').id;
    expect(await codeOf(claim(other, chat.room, [id]))).toBe('conflict');
    expect(await codeOf(claim(chat.ann.user, newId(), [id]))).toBe('conflict');
    expect(await codeOf(claim(chat.ann.user, chat.room, [id, newId()]))).toBe('conflict');
    expect(await codeOf(claim(chat.ann.user, chat.room, [id, id]))).toBe('bad_request');
    expect(await codeOf(claim(chat.ann.user, chat.room, Array.from({ length: 7 }, newId)))).toBe(
      'bad_request',
    );
    const both = await Promise.all([1, 2].map(() => codeOf(claim(chat.ann.user, chat.room, [id]))));
    expect(both.sort()).toEqual(['claimed', 'conflict']);
  });

  test('files that no message claims go after an hour, and count no longer', async () => {
    await using chat = await open(fresh);
    const kept = await chat.uploaded('kept');
    await chat.uploaded(await png(600, 600));
    await chat.claim([kept.id]);
    expect(chat.stored()).toHaveLength(3);
    chat.clock.advance(60 * 60_000);
    await chat.settle();
    expect(chat.stored()).toHaveLength(1);
    expect(await chat.rows()).toMatchObject([{ id: kept.id, state: 'claimed' }]);
    expect(await chat.used()).toBe(4);
  });

  test('with its message a file goes: address, bytes, quota', async () => {
    await using chat = await open(fresh);
    const { id, url } = await chat.uploaded('gone');
    await chat.claim([id]);
    await chat.core.db.transaction().execute((trx) => chat.files.release(trx, chat.app.id, [id, newId()]));
    expect((await chat.get(url)).status).toBe(404);
    expect((await chat.files.describe(chat.app.id, [id])).size).toBe(0);
    await chat.settle();
    expect([chat.stored(), await chat.rows(), await chat.used()]).toEqual([[], [], 0]);
  });

  test('the quota holds, for two uploads at once, too', async () => {
    await using chat = await open(fresh, [{ chatUserBytes: 1_000 }]);
    const both = await Promise.all([1, 2].map(() => chat.post(chat.stream('x'.repeat(600)))));
    expect(both.map(({ status }) => status).sort()).toEqual([201, 413]);
    expect(await chat.used()).toBe(600);
    expect(chat.stored()).toHaveLength(1);
    const announced = await chat.post('x'.repeat(401));
    expect([announced.status, (await announced.json()).error.code]).toEqual([413, 'quota_exceeded']);
    expect((await chat.post('x'.repeat(400))).status).toBe(201);
    expect((await chat.post('x')).status).toBe(413);
  });

  test('data of a person: a guest’s files go along, everything is exported, everything is erased', async () => {
    await using chat = await open(fresh, [{ chatFilesGuests: true }]);
    const guest = chat.people.add('Guest', { kind: 'guest' });
    const own = await chat.uploaded('own!');
    const guests = await chat.uploaded('guest', chat.people.caller(chat.app, guest.id));
    const { merge, export: read, erase } = chat.files.personalData;
    await chat.core.db.transaction().execute((trx) => merge(trx, chat.app.id, guest.id, chat.ann.user));
    expect(await read(chat.app.id, guest.id)).toEqual([]);
    const exported = (await read(chat.app.id, chat.ann.user)) as Attachment[];
    expect(exported.map(({ id }) => id).sort()).toEqual([own.id, guests.id].sort());
    expect(exported[0]).toMatchObject({ conversation: chat.room, url: expect.any(String) });
    expect(await chat.used()).toBe(9);
    await chat.core.db.transaction().execute((trx) => erase(trx, chat.app.id, chat.ann.user));
    await chat.settle();
    expect([chat.stored(), await chat.rows(), await chat.used()]).toEqual([[], [], 0]);
  });
});

test('no file is taken where the settings say so, or where the person may not write', async () => {
  await using chat = await open();
  const code = async (caller?: Caller) =>
    (await (await chat.post('hello', {}, caller)).json()).error?.code ?? 'taken';
  const guest = chat.people.caller(chat.app, chat.people.add('Guest', { kind: 'guest' }).id);
  expect([await code(), await code(guest)]).toEqual(['taken', 'files_refused']);
  chat.configure({ chatFilesGuests: true });
  expect(await code(chat.people.caller(chat.app, guest.user))).toBe('taken');
  chat.configure({ chatFiles: false });
  expect(await code(chat.people.caller(chat.app, guest.user))).toBe('files_refused');
  chat.configure({ chatFiles: true });
  chat.refuseWriting('muted');
  expect(await code()).toBe('muted');
});

test('what is too large is refused as soon as that shows, and leaves nothing', async () => {
  await using chat = await open(undefined, [{ chatFileBytes: 100_000 }]);
  const code = async (response: Response) => [response.status, (await response.json()).error.code];
  expect(await code(await chat.post('x'.repeat(100_001)))).toEqual([413, 'too_large']);
  let pulls = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      pulls++;
      controller.enqueue(new Uint8Array(10_000));
    },
  });
  expect(await code(await chat.post(endless))).toEqual([413, 'too_large']);
  expect(pulls).toBeLessThan(15);
  const lying = chat.post(chat.stream('x'.repeat(100_001)), { 'Content-Length': '5' });
  expect(await code(await lying)).toEqual([413, 'too_large']);
  expect(await code(await chat.post(''))).toEqual([400, 'bad_request']);
  const broken = new ReadableStream({ start: (controller) => controller.error(new Error('hung up')) });
  expect(await code(await chat.post(broken))).toEqual([400, 'bad_request']);
  const picture = await png(200, 200);
  expect(await code(await chat.post(picture.subarray(0, 300)))).toEqual([415, 'type_refused']);
  expect([chat.stored(), await chat.used()]).toEqual([[], 0]);
  expect(chat.problems).toEqual([]);
});

test('an upload that does not end is given up', async () => {
  await using chat = await open();
  const pulled = Promise.withResolvers<void>();
  const slow = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(Buffer.from('begins')),
    pull: () => pulled.resolve(),
  });
  const response = chat.post(slow);
  await pulled.promise;
  chat.clock.advance(5 * 60_000);
  expect((await response).status).toBe(400);
  expect(chat.stored()).toEqual([]);
});

test('a person has few uploads at once and in a minute, failed ones counted', async () => {
  await using chat = await open();
  const hung = Array.from({ length: 3 }, () => new TransformStream<Uint8Array, Uint8Array>());
  const waiting = hung.map(({ readable }) => chat.post(readable));
  await chat.until(async () => (await chat.rows()).length === 3);
  const refused = await chat.post('one more');
  expect([refused.status, refused.headers.get('Retry-After')]).toEqual([429, '5']);
  for (const { writable } of hung) await writable.abort();
  expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([400, 400, 400]);
  for (let i = 3; i < 20; i++) expect((await chat.post('')).status).toBe(400);
  const later = await chat.post('one more');
  expect([later.status, later.headers.get('Retry-After')]).toEqual([429, '60']);
  chat.clock.advance(60_000);
  expect((await chat.post('one more')).status).toBe(201);
});

test('somebody who is erased while a file comes leaves nothing', async () => {
  await using chat = await open();
  const coming = new TransformStream<Uint8Array, Uint8Array>();
  const response = chat.post(coming.readable);
  await chat.until(async () => (await chat.rows()).length === 1);
  const { erase } = chat.files.personalData;
  await chat.core.db.transaction().execute((trx) => erase(trx, chat.app.id, chat.ann.user));
  await chat.settle();
  const writer = coming.writable.getWriter();
  await writer.write(Buffer.from('words'));
  await writer.close();
  expect((await response).status).toBe(409);
  expect(chat.stored()).toEqual([]);
  chat.clock.advance(5 * 60_000);
  await chat.settle();
  expect(await chat.rows()).toEqual([]);
});

test('bytes lie in a folder that nobody else can look into, under names that say nothing', async () => {
  await using chat = await open();
  await chat.post('words', { 'X-File-Name': '..%2F..%2Fsecret.txt' });
  const [name = ''] = chat.stored();
  expect(name).toMatch(/^[0-9a-f]{2}\/[0-9a-f]{32}$/);
  expect(statSync(join(chat.folder, name)).mode & 0o777).toBe(0o600);
  expect(statSync(join(chat.folder, name.slice(0, 2))).mode & 0o777).toBe(0o700);
});

test('the files of an app that is gone go with it, those of another stay', async () => {
  await using chat = await open(undefined, [{}, {}]);
  for (let i = 0; i < 3; i++) await chat.post(`words ${i}`);
  expect(chat.stored()).toHaveLength(3);
  await chat.files.forgetApp('no such app');
  expect(chat.stored()).toHaveLength(3);
  await chat.files.forgetApp(chat.app.id);
  expect(chat.stored()).toEqual([]);
  expect(await chat.rows()).toEqual([]);
  await chat.files.forgetApp(chat.app.id);
});

async function open(fresh?: FreshDatabase, apps: readonly Partial<ChatSettings>[] = [{}]) {
  const data = await temporaryFolder();
  const folder = join(data.path, 'files');
  const url = await fresh?.();
  const chat = await openTestChat({ apps, ...(url === undefined ? {} : { url }) });
  const people = new TestPeople(chat.host);
  const ann = people.caller(chat.app, people.add('Ann').id);
  const room = newId();
  let refusedWith: 'muted' | null = null;
  const files = new Files({
    core: chat.core,
    keys: new Keys(chat.core),
    storage: diskStorage(folder),
    conversations: {
      mayWrite: async (_caller, conversation) => {
        if (conversation !== room) refuse('not_found');
        if (refusedWith !== null) refuse(refusedWith);
      },
    },
    apiPath: '/chat/api/v1',
  });
  let current = ann;
  const router = chatRouter();
  router.use(async (c, next) => {
    c.set('caller', { ...current, app: chat.app });
    await next();
  });
  router.route('/', fileRoutes(files));
  router.onError((error, c) => {
    if (error instanceof Refusal) return refusalResponse(c, error);
    throw error;
  });
  const post = async (
    body: string | Uint8Array | ReadableStream<Uint8Array>,
    headers: Record<string, string> = {},
    caller = ann,
  ): Promise<Response> => {
    current = caller;
    const length = body instanceof ReadableStream ? {} : { 'Content-Length': `${Buffer.from(body).length}` };
    return router.request(`/conversations/${room}/files`, {
      method: 'POST',
      headers: { ...length, ...headers },
      body: body as BodyInit,
    });
  };
  return {
    ...chat,
    app: chat.app,
    people,
    ann,
    room,
    files,
    folder,
    post,
    refuseWriting: (code: 'muted') => {
      refusedWith = code;
    },
    stream: (text: string) => new Blob([text]).stream() as ReadableStream<Uint8Array>,
    uploaded: async (body: string | Uint8Array, caller?: Caller): Promise<Attachment> => {
      const response = await post(body, {}, caller);
      if (response.status !== 201) throw new Error(`the upload was refused: ${await response.text()}`);
      return response.json();
    },
    get: async (url: string, headers: Record<string, string> = {}) =>
      router.request(url.replace('/chat/api/v1', ''), { headers }),
    claim: (ids: readonly Id[]) =>
      chat.core.db.transaction().execute((trx) => files.claim(trx, chat.app.id, ann.user, room, ids)),
    rows: () => chat.core.db.selectFrom('chat_files').selectAll().execute(),
    used: async () => {
      const rows = await chat.core.db.selectFrom('chat_file_usage').select('bytes').execute();
      return rows.reduce((sum, { bytes }) => sum + bytes, 0);
    },
    stored: () =>
      existsSync(folder)
        ? readdirSync(folder, { recursive: true, withFileTypes: true })
            .filter((entry) => entry.isFile())
            .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
        : [],
    /** Lets everything else go on until it is so. */
    until: async (isSo: () => Promise<boolean>) => {
      while (!(await isSo())) await new Promise((resolve) => setImmediate(resolve));
    },
    async [Symbol.asyncDispose]() {
      await chat[Symbol.asyncDispose]();
      await data[Symbol.asyncDispose]();
    },
  };
}
