import { expect, test } from 'bun:test';
import { createHmac } from 'node:crypto';
import type { Attachment, ChatConfig, Message, PushPayload, Report } from '@earshot/chat/contract';
import { startPushService } from '../../packages/chat/src/notify/push-service.testing.ts';
import { chatSecret, inEachForm, type TestChat } from './support/chat.ts';
import { Person } from './support/person.ts';

/** A GIF of one pixel. */
const pixel = Buffer.from('R0lGODlhAQABAIAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==', 'base64');
const forGuests = { EARSHOT_APP_CHAT_FILES_GUESTS: 'true' };

async function upload(
  chat: TestChat,
  person: Person,
  conversation: string,
  body: NonNullable<RequestInit['body']>,
): Promise<{ status: number; body: Attachment & { error?: { code: string } } }> {
  const response = await chat.fetch(`/conversations/${conversation}/files`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${person.session.accessToken}`, 'X-File-Name': 'file.html' },
    body,
  });
  return { status: response.status, body: await response.json() };
}

/** Somebody whom the host site says to be a moderator. */
async function moderatorOf(chat: TestChat): Promise<Person> {
  const seconds = Math.floor(Date.now() / 1000);
  const { id } = chat.server.app;
  const claims = { sub: 'mod', name: 'Mod', aud: id, iat: seconds, exp: seconds + 600, moderator: true };
  const encoded = (data: object) => Buffer.from(JSON.stringify(data)).toString('base64url');
  const signed = `${encoded({ alg: 'HS256', typ: 'JWT' })}.${encoded(claims)}`;
  const signature = createHmac('sha256', chatSecret).update(signed).digest('base64url');
  const response = await chat.fetch('/sessions/host', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ app: chat.app, token: `${signed}.${signature}` }),
  });
  if (!response.ok) throw new Error(`no moderator: ${await response.text()}`);
  return new Person(chat, await response.json());
}

inEachForm((start) => {
  test('files go with a message to everybody in the room, harmless, and away with it', async () => {
    await using chat = await start(forGuests);
    const [anna, berta] = [await chat.guest('Anna'), await chat.guest('Berta')];
    const { id } = await anna.openLobby();
    await berta.openLobby();
    const picture = await new Bun.Image(pixel).resize(900, 300).png().bytes();
    const uploaded = await Promise.all([
      upload(chat, anna, id, new Uint8Array(picture)),
      upload(chat, anna, id, new Blob(['<script>alert(1)</script>']).stream()),
    ]);
    expect(uploaded.map(({ status }) => status)).toEqual([201, 201]);
    const attachments = uploaded.map(({ body }) => body.id);
    const message = { id: crypto.randomUUID(), text: '', attachments };
    const path = `/conversations/${id}/messages`;
    expect((await berta.ask('POST', path, message)).status).toBe(409);
    const sent = await anna.must<{ message: Message }>('POST', path, message);

    const { messages } = await berta.must<{ messages: Message[] }>('GET', path);
    const got = messages[0]?.attachments ?? [];
    expect(got).toMatchObject([
      { kind: 'image', type: 'image/webp', width: 900, name: 'file.webp' },
      { kind: 'file', type: 'application/octet-stream', name: 'file.html' },
    ]);
    const open = (address: string | null | undefined) => fetch(new URL(address ?? '', chat.address));
    const image = await open(got[0]?.previewUrl);
    expect(await new Bun.Image(await image.bytes()).metadata()).toMatchObject({ width: 480 });
    expect(image.headers.get('Cross-Origin-Resource-Policy')).toBe('cross-origin');
    const page = await open(got[1]?.url);
    expect(Object.fromEntries(page.headers)).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-disposition': expect.stringContaining('attachment'),
      'content-security-policy': "sandbox; default-src 'none'",
      'x-content-type-options': 'nosniff',
      'cache-control': expect.stringContaining('private'),
    });

    await anna.must('DELETE', `${path}/${sent.message.seq}`);
    expect((await open(got[1]?.url)).status).toBe(404);
  });

  test('a file that is too large is refused, announced or not', async () => {
    await using chat = await start({ ...forGuests, EARSHOT_APP_CHAT_FILE_BYTES: '100000' });
    const anna = await chat.guest('Anna');
    const { id } = await anna.openLobby();
    const bytes = new Uint8Array(100_001);
    for (const body of [bytes, new Blob([bytes]).stream()]) {
      expect(await upload(chat, anna, id, body)).toMatchObject({
        status: 413,
        body: { error: { code: 'too_large' } },
      });
    }
  });

  test('who is away is told of a mention, through the browser’s push service', async () => {
    await using chat = await start();
    const [anna, berta] = [await chat.guest('Anna'), await chat.guest('Berta')];
    const { id } = await anna.openLobby();
    await berta.openLobby();
    const config: ChatConfig = await (await chat.fetch(`/config?app=${chat.app}`)).json();
    using service = startPushService(async () => config.pushKey, null);
    await berta.must('PUT', '/push/subscription', service.subscription());
    const tested = service.next();
    expect((await berta.ask('POST', '/push/test')).status).toBe(204);
    expect(JSON.parse((await tested).text)).toMatchObject({ kind: 'test' });

    const pushed = service.next();
    const message = { id: crypto.randomUUID(), text: '@Berta, look', mentions: [berta.id] };
    await anna.must('POST', `/conversations/${id}/messages`, message);
    const payload: PushPayload = JSON.parse((await pushed).text);
    expect(payload).toMatchObject({ app: chat.app, kind: 'message', conversation: id, text: '@Berta, look' });
    expect(payload.title).toStartWith('Anna');
    expect([payload.host, service.faults]).toEqual([new URL(chat.address).hostname, []]);
  });

  test('a report brings what was said; who has reported or spoken can be forgotten', async () => {
    await using chat = await start();
    const [anna, berta] = [await chat.guest('Anna'), await chat.guest('Berta')];
    const { id } = await anna.openLobby();
    await berta.openLobby();
    await anna.send(id, 'before');
    const { seq } = await anna.send(id, 'something rude');
    await berta.send(id, 'after');
    // Who has blocked somebody can still report them.
    await berta.must('PUT', `/blocks/${anna.id}`);
    const report = { person: anna.id, conversation: id, seq, reason: 'harassment', text: 'Look at this' };
    const { id: reportId } = await berta.must<{ id: string }>('POST', '/reports', report);
    expect((await anna.ask('GET', '/reports')).status).toBe(403);
    const moderator = await moderatorOf(chat);
    const { reports } = await moderator.must<{ reports: Report[] }>('GET', '/reports');
    expect(reports).toMatchObject([{ id: reportId, person: { name: 'Anna' }, reporter: { name: 'Berta' } }]);
    expect(reports[0]?.context.map(({ text }) => text)).toEqual(['before', 'something rude', 'after']);

    const copy = await anna.must<{ conversations: { messages: Message[] } }>('GET', '/me/export');
    expect(copy.conversations.messages.map(({ text }) => text)).toEqual(['before', 'something rude']);
    expect((await anna.ask('DELETE', '/me', { confirm: 'erase' })).status).toBe(204);
    expect((await anna.ask('GET', '/me')).status).toBe(401);
    const page = await berta.must<{ messages: Message[] }>('GET', `/conversations/${id}/messages`);
    expect(page.messages.map(({ seq, text, author }) => [seq, text, author.deleted])).toEqual([
      [1, '', true],
      [2, '', true],
      [3, 'after', false],
    ]);
    const after = await moderator.must<Report>('GET', `/reports/${reportId}`);
    expect(after.person).toMatchObject({ name: '', deleted: true });
    expect(JSON.stringify(after)).not.toContain('rude');
  });
});
