import type { Clock } from '@earshot/base';
import { type Attachment, type Id, limits } from '../contract/index.ts';
import type {
  Attachments,
  Caller,
  ChatTransaction,
  Conversations,
  Core,
  PersonalData,
} from '../core/core.ts';
import { type Keys, randomKey } from '../core/keys.ts';
import { newId } from '../ids.ts';
import { refuse } from '../refusal.ts';
import { expiryAt, type FileAddress, isSignedWith, signedQuery, type Variant } from './addresses.ts';
import { type Content, contentOf, headBytes } from './content.ts';
import { fileName, pictureName } from './name.ts';
import { type Picture, type PictureRefusal, Pictures } from './pictures.ts';
import { type FileStorage, type NewFile, newStoredName } from './storage.ts';
import type { FileTables } from './tables.ts';

/** A file that no message has claimed by then goes. */
const orphanMs = 60 * 60_000;
/** An upload that takes longer is given up. */
const uploadMs = 5 * 60_000;
/** Of one person: uploads in a minute, failed ones counted, and at once. */
const uploadsPerMinute = 20;
const uploadsAtOnce = 3;

const orphanTimer = 'file-orphan';
const removeTimer = 'file-remove';

type FileRow = FileTables['chat_files'];

export interface FilesOptions {
  readonly core: Core;
  readonly keys: Keys;
  readonly storage: FileStorage;
  readonly conversations: Pick<Conversations, 'mayWrite'>;
  /** Path of the API, as clients reach it: `/chat/api/v1`, behind EARSHOT_PATH. */
  readonly apiPath: string;
}

/** What a client uploads. */
export interface Upload {
  readonly name: string | undefined;
  readonly body: ReadableStream<Uint8Array> | null;
  /** As announced; null when it was not. */
  readonly length: number | null;
}

/** What is sent to whoever has a signed address. */
export interface ServedFile {
  readonly body: Blob;
  readonly kind: 'image' | 'file';
  readonly type: string;
  readonly name: string;
  readonly etag: string;
  /** How much longer its address is valid. */
  readonly validSeconds: number;
}

/**
 * Files of messages. A row is written before the first byte is, so that whatever a crash leaves is found by the row: its
 * timer removes what no message has claimed within an hour.
 */
export class Files implements Attachments {
  readonly #core: Core;
  readonly #keys: Keys;
  readonly #storage: FileStorage;
  readonly #conversations: Pick<Conversations, 'mayWrite'>;
  readonly #apiPath: string;
  readonly #pictures = new Pictures();

  constructor(options: FilesOptions) {
    this.#core = options.core;
    this.#keys = options.keys;
    this.#storage = options.storage;
    this.#conversations = options.conversations;
    this.#apiPath = options.apiPath;
    options.core.timers.on(orphanTimer, (appId, id) => this.#removeOrphan(appId, id));
    options.core.timers.on(removeTimer, (appId, id) => this.#removeBytes(appId, id));
  }

  /** @returns the file, which waits for a message of the same person in the same conversation */
  async upload(caller: Caller, conversation: Id, upload: Upload): Promise<Attachment> {
    const { chatFiles, chatFilesGuests, chatFileBytes } = caller.app.settings;
    if (!chatFiles || (caller.kind === 'guest' && !chatFilesGuests)) refuse('files_refused');
    if ((upload.length ?? 0) > chatFileBytes) refuseSize(chatFileBytes);
    await this.#conversations.mayWrite(caller, conversation);
    const row = await this.#begin(caller, conversation, upload);
    try {
      const kept = await this.#receive(row, upload.body, chatFileBytes);
      await this.#finish(caller, { ...row, ...kept });
      return await this.#describe(caller.app.key, { ...row, ...kept });
    } catch (error) {
      await this.#fail(row);
      throw error;
    }
  }

  /** @returns undefined when there is none; refuses an address that is not ours or has expired */
  async serve(id: Id, address: FileAddress): Promise<ServedFile | undefined> {
    const app = this.#core.apps.byKey(address.app);
    if (app === undefined) return undefined;
    if (!isSignedWith(await this.#secret(app.id), id, address)) {
      refuse('forbidden', { message: 'The address of this file is not one that the chat gave.' });
    }
    const validSeconds = Math.floor((address.expires - this.#core.clock.now()) / 1000);
    if (validSeconds <= 0) {
      refuse('forbidden', { message: 'The address of this file has expired. Ask for the message again.' });
    }
    const row = await this.#core.db
      .selectFrom('chat_files')
      .selectAll()
      .where('app_id', '=', app.id)
      .where('id', '=', id)
      .where('state', 'in', ['ready', 'claimed'])
      .executeTakeFirst();
    const name = address.variant === 'preview' ? row?.preview : row?.stored;
    if (row === undefined || !name) return undefined;
    const body = await this.#storage.read(name);
    if (body === undefined) return undefined;
    const { kind, type } = row;
    return { body, kind, type, name: row.name, etag: `"${name}"`, validSeconds };
  }

  async claim(trx: ChatTransaction, appId: string, owner: Id, conversation: Id, ids: readonly Id[]) {
    if (ids.length === 0) return;
    if (ids.length > limits.attachmentsPerMessage || new Set(ids).size < ids.length) {
      const message = `Expected at most ${limits.attachmentsPerMessage} different files.`;
      refuse('bad_request', { field: 'attachments', message });
    }
    const { numUpdatedRows } = await trx
      .updateTable('chat_files')
      .set({ state: 'claimed' })
      .where('app_id', '=', appId)
      .where('id', 'in', [...ids])
      .where('owner', '=', owner)
      .where('conversation', '=', conversation)
      .where('state', '=', 'ready')
      .executeTakeFirst();
    if (Number(numUpdatedRows) < ids.length) {
      const message =
        'Expected files that you uploaded to this conversation within the last hour and that no message has.';
      refuse('conflict', { field: 'attachments', message });
    }
  }

  async describe(appId: string, ids: readonly Id[]): Promise<ReadonlyMap<Id, Attachment>> {
    const app = this.#core.apps.byId(appId);
    if (app === undefined || ids.length === 0) return new Map();
    const rows = await this.#core.db
      .selectFrom('chat_files')
      .selectAll()
      .where('app_id', '=', appId)
      .where('id', 'in', [...new Set(ids)])
      .where('state', 'in', ['ready', 'claimed'])
      .execute();
    const described = await Promise.all(rows.map((row) => this.#describe(app.key, row)));
    return new Map(described.map((attachment) => [attachment.id, attachment]));
  }

  async release(trx: ChatTransaction, appId: string, ids: readonly Id[]): Promise<void> {
    if (ids.length === 0) return;
    const rows = await trx
      .updateTable('chat_files')
      .set({ state: 'gone' })
      .where('app_id', '=', appId)
      .where('id', 'in', [...ids])
      .where('state', '=', 'claimed')
      .returning(['id', 'owner', 'stored_bytes'])
      .execute();
    await this.#forget(trx, appId, rows);
  }

  /** Registers with those of the other parts. */
  readonly personalData: PersonalData = {
    name: 'files',
    merge: async (trx, appId, from, into) => {
      await trx
        .updateTable('chat_files')
        .set({ owner: into })
        .where('app_id', '=', appId)
        .where('owner', '=', from)
        .execute();
      const usage = await trx
        .deleteFrom('chat_file_usage')
        .where('app_id', '=', appId)
        .where('owner', '=', from)
        .returning('bytes')
        .executeTakeFirst();
      if (usage === undefined) return;
      await trx
        .insertInto('chat_file_usage')
        .values({ app_id: appId, owner: into, bytes: usage.bytes })
        .onConflict((conflict) =>
          conflict
            .columns(['app_id', 'owner'])
            .doUpdateSet((row) => ({ bytes: row('chat_file_usage.bytes', '+', usage.bytes) })),
        )
        .execute();
    },
    export: async (appId, id) => {
      const rows = await this.#core.db
        .selectFrom('chat_files')
        .selectAll()
        .where('app_id', '=', appId)
        .where('owner', '=', id)
        .where('state', 'in', ['ready', 'claimed'])
        .orderBy('created_at')
        .execute();
      const key = this.#core.apps.byId(appId)?.key ?? '';
      return Promise.all(
        rows.map(async (row) => ({
          ...(await this.#describe(key, row)),
          conversation: row.conversation,
          uploadedAt: row.created_at,
        })),
      );
    },
    erase: async (trx, appId, id) => {
      const rows = await trx
        .updateTable('chat_files')
        .set({ state: 'gone', name: '' })
        .where('app_id', '=', appId)
        .where('owner', '=', id)
        .returning(['id', 'owner', 'stored_bytes'])
        .execute();
      await this.#forget(trx, appId, rows);
      await trx.deleteFrom('chat_file_usage').where('app_id', '=', appId).where('owner', '=', id).execute();
    },
  };

  /** The row that stands for an upload while it comes. Counts against the limits whatever becomes of it. */
  #begin(caller: Caller, conversation: Id, upload: Upload): Promise<FileRow> {
    const { db, clock, timers } = this.#core;
    const now = clock.now();
    const row: FileRow = {
      app_id: caller.app.id,
      id: newId(),
      owner: caller.user,
      conversation,
      state: 'coming',
      kind: 'file',
      name: fileName(upload.name),
      type: '',
      bytes: 0,
      stored_bytes: 0,
      width: null,
      height: null,
      stored: newStoredName(),
      preview: newStoredName(),
      created_at: now,
    };
    return db.transaction().execute(async (trx) => {
      const recent = await trx
        .selectFrom('chat_files')
        .select(['state', 'created_at'])
        .where('app_id', '=', row.app_id)
        .where('owner', '=', row.owner)
        .where('created_at', '>', now - uploadMs - 60_000)
        .execute();
      const coming = recent.filter(({ state }) => state === 'coming').length;
      const lastMinute = recent.filter(({ created_at }) => created_at > now - 60_000).length;
      if (coming >= uploadsAtOnce) refuse('too_many_requests', { retryAfterSeconds: 5 });
      if (lastMinute >= uploadsPerMinute) refuse('too_many_requests', { retryAfterSeconds: 60 });
      const used = await trx
        .selectFrom('chat_file_usage')
        .select('bytes')
        .where('app_id', '=', row.app_id)
        .where('owner', '=', row.owner)
        .executeTakeFirst();
      const left = caller.app.settings.chatUserBytes - (used?.bytes ?? 0);
      if (left <= 0 || (upload.length ?? 0) > left) refuse('quota_exceeded');
      await trx.insertInto('chat_files').values(row).execute();
      await timers.set(trx, orphanTimer, row.app_id, row.id, now + orphanMs);
      return row;
    });
  }

  /** Takes the bytes, finds out what they are, and keeps them, or the picture that was made of them. */
  async #receive(row: FileRow, body: Upload['body'], bytesMax: number): Promise<Partial<FileRow>> {
    const file = await this.#storage.create(row.stored);
    try {
      const { bytes, content } = await take(body, file, bytesMax, this.#core.clock);
      if (bytes === 0) refuse('bad_request', { message: 'The file is empty.' });
      if (content.kind === 'file') {
        await file.keep();
        return { kind: 'file', type: content.type, bytes, stored_bytes: bytes, preview: null };
      }
      const picture = pictureOr(await this.#pictures.encode(content.format, () => file.bytes()));
      await file.discard();
      await this.#store(row.stored, picture.bytes);
      if (picture.preview !== null) await this.#store(row.preview ?? '', picture.preview);
      return {
        kind: 'image',
        name: pictureName(row.name, 'webp'),
        type: 'image/webp',
        bytes: picture.bytes.length,
        stored_bytes: picture.bytes.length + (picture.preview?.length ?? 0),
        width: picture.width,
        height: picture.height,
        preview: picture.preview === null ? null : row.preview,
      };
    } catch (error) {
      await file.discard();
      throw error;
    }
  }

  async #store(name: string, bytes: Uint8Array): Promise<void> {
    const file = await this.#storage.create(name);
    try {
      await file.append(bytes);
      await file.keep();
    } catch (error) {
      await file.discard();
      throw error;
    }
  }

  /** The file is there, if it still may be: the quota is judged again, since others came meanwhile. */
  async #finish(caller: Caller, row: FileRow): Promise<void> {
    const { app_id, id, created_at: _, owner: __, ...kept } = row;
    await this.#core.db.transaction().execute(async (trx) => {
      const finished = await trx
        .updateTable('chat_files')
        .set({ ...kept, state: 'ready' })
        .where('app_id', '=', app_id)
        .where('id', '=', id)
        .where('state', '=', 'coming')
        .returning('owner')
        .executeTakeFirst();
      // Whoever uploads may have been erased meanwhile, or have become somebody else.
      if (finished === undefined) refuse('conflict');
      await trx
        .insertInto('chat_file_usage')
        .values({ app_id, owner: finished.owner, bytes: 0 })
        .onConflict((conflict) => conflict.columns(['app_id', 'owner']).doNothing())
        .execute();
      const { numUpdatedRows } = await trx
        .updateTable('chat_file_usage')
        .set((usage) => ({ bytes: usage('bytes', '+', row.stored_bytes) }))
        .where('app_id', '=', app_id)
        .where('owner', '=', finished.owner)
        .where('bytes', '<=', caller.app.settings.chatUserBytes - row.stored_bytes)
        .executeTakeFirst();
      if (Number(numUpdatedRows) === 0) refuse('quota_exceeded');
    });
  }

  /** The row stays until its timer comes, so that it is counted. */
  async #fail(row: FileRow): Promise<void> {
    try {
      await this.#core.db
        .updateTable('chat_files')
        .set({ state: 'failed' })
        .where('app_id', '=', row.app_id)
        .where('id', '=', row.id)
        .where('state', '=', 'coming')
        .execute();
      await this.#removeStored(row);
    } catch (error) {
      this.#core.onProblem('files', error); // the timer does it
    }
  }

  async #removeOrphan(appId: string, id: Id): Promise<void> {
    const gone = await this.#core.db.transaction().execute(async (trx) => {
      const rows = await trx
        .updateTable('chat_files')
        .set({ state: 'gone' })
        .where('app_id', '=', appId)
        .where('id', '=', id)
        .where('state', 'in', ['coming', 'failed', 'ready'])
        .returning(['id', 'owner', 'stored_bytes'])
        .execute();
      await this.#subtract(trx, appId, rows);
      return rows.length > 0;
    });
    if (gone) await this.#removeBytes(appId, id);
  }

  async #removeBytes(appId: string, id: Id): Promise<void> {
    const ours = () =>
      this.#core.db.selectFrom('chat_files').where('app_id', '=', appId).where('id', '=', id);
    const row = await ours().select(['stored', 'preview']).where('state', '=', 'gone').executeTakeFirst();
    if (row === undefined) return;
    await this.#removeStored(row);
    await this.#core.db.deleteFrom('chat_files').where('app_id', '=', appId).where('id', '=', id).execute();
  }

  /** Removes the bytes of all files of an app that is gone, with their rows. */
  async forgetApp(appId: string): Promise<void> {
    for (;;) {
      const rows = await this.#core.db
        .selectFrom('chat_files')
        .select(['id', 'stored', 'preview'])
        .where('app_id', '=', appId)
        .limit(100)
        .execute();
      if (rows.length === 0) return;
      for (const row of rows) await this.#removeStored(row);
      await this.#core.db
        .deleteFrom('chat_files')
        .where('app_id', '=', appId)
        .where(
          'id',
          'in',
          rows.map(({ id }) => id),
        )
        .execute();
    }
  }

  async #removeStored(row: Pick<FileRow, 'stored' | 'preview'>): Promise<void> {
    await this.#storage.remove(row.stored);
    if (row.preview !== null) await this.#storage.remove(row.preview);
  }

  /** Rows that have become `gone`: they count no longer, and their bytes go after the commit. */
  async #forget(
    trx: ChatTransaction,
    appId: string,
    rows: readonly Pick<FileRow, 'id' | 'owner' | 'stored_bytes'>[],
  ): Promise<void> {
    await this.#subtract(trx, appId, rows);
    const now = this.#core.clock.now();
    for (const { id, stored_bytes } of rows) {
      // One that still comes is refused at its end; until then its bytes are left to it.
      const dueAt = stored_bytes === 0 ? now + uploadMs : now;
      await this.#core.timers.set(trx, removeTimer, appId, id, dueAt);
    }
  }

  async #subtract(
    trx: ChatTransaction,
    appId: string,
    rows: readonly Pick<FileRow, 'owner' | 'stored_bytes'>[],
  ): Promise<void> {
    for (const [owner, files] of Map.groupBy(rows, (row) => row.owner)) {
      const bytes = files.reduce((sum, file) => sum + file.stored_bytes, 0);
      await trx
        .updateTable('chat_file_usage')
        .set((usage) => ({ bytes: usage('bytes', '-', bytes) }))
        .where('app_id', '=', appId)
        .where('owner', '=', owner)
        .execute();
    }
  }

  async #describe(appKey: string, row: FileRow): Promise<Attachment> {
    const secret = await this.#secret(row.app_id);
    const urlExpiresAt = expiryAt(this.#core.clock.now());
    const address = (variant: Variant) =>
      `${this.#apiPath}/files/${row.id}?${signedQuery(secret, appKey, row.id, variant, urlExpiresAt)}`;
    const { id, kind, name, type, bytes, width, height } = row;
    const url = address('file');
    const previewUrl = kind === 'file' ? null : row.preview === null ? url : address('preview');
    return { id, kind, name, type, bytes, width, height, url, previewUrl, urlExpiresAt };
  }

  #secret(appId: string): Promise<string> {
    return this.#keys.get(appId, 'file addresses', randomKey);
  }
}

/** Reads the body to its end into the file, and refuses it as soon as it is too large or takes too long. */
async function take(
  body: Upload['body'],
  file: NewFile,
  bytesMax: number,
  clock: Clock,
): Promise<{ bytes: number; content: Content }> {
  const reader = body?.getReader();
  let late = false;
  const deadline = clock.after(uploadMs, () => {
    late = true;
    reader?.cancel().catch(() => {}); // ends the read below
  });
  const head = new Uint8Array(headBytes);
  let bytes = 0;
  try {
    for (;;) {
      const read = await reader
        ?.read()
        .catch(() => refuse('bad_request', { message: 'The upload broke off.' }));
      if (late)
        refuse('bad_request', { message: `The file did not come within ${uploadMs / 60_000} minutes.` });
      if (read === undefined || read.done) break;
      if (bytes + read.value.length > bytesMax) refuseSize(bytesMax);
      if (bytes < headBytes) head.set(read.value.subarray(0, headBytes - bytes), bytes);
      await file.append(read.value);
      bytes += read.value.length;
    }
  } catch (error) {
    reader?.cancel().catch(() => {}); // it is refused already
    throw error;
  } finally {
    deadline.cancel();
  }
  return { bytes, content: contentOf(head.subarray(0, bytes)) };
}

function refuseSize(bytesMax: number): never {
  refuse('too_large', { message: `The file is too large: at most ${bytesMax} bytes are taken.` });
}

function pictureOr(found: Picture | PictureRefusal): Picture {
  switch (found) {
    case 'unreadable':
      return refuse('type_refused', {
        message: 'The picture is damaged or animated in a way that is not read.',
      });
    case 'too_many_pixels':
      return refuse('too_large', {
        message: 'The picture has too many pixels: at most 50 million are taken.',
      });
    case 'busy':
      return refuse('unavailable', { retryAfterSeconds: 5 });
    default:
      return found;
  }
}
