import type { Clock, Timer } from '@earshot/base';
import { refusal } from '@earshot/base';
import { type Database, DataError } from '@earshot/data';
import {
  type AppSettings,
  appSettingNames,
  appSettings,
  checkAppSettings,
  checkAppSettingValues,
  defaultAppSettings,
} from '../config/app-settings.ts';
import { serverSettings } from '../config/server-settings.ts';
import type { Config } from '../config.ts';
import { App, AppKey } from './app.ts';
import { randomAppId, randomChatSecret, randomKey, randomSecret } from './credentials.ts';
import { settleFirstApp } from './first-app.ts';
import { finishRemovals, isBeingRemoved, type RemovedListener, removeApp } from './removal.ts';
import {
  changing,
  insertApp,
  insertKey,
  readApps,
  readRevision,
  readSettings,
  type StoredApp,
  writeSettings,
} from './store.ts';
import { type AppDatabase, openAppTables } from './tables.ts';
import type { Usage, UsageShare } from './usage.ts';
import { UsageStore } from './usage-store.ts';

/** How soon a change made by another process is noticed, and how much of the usage a crash can lose. */
const pollMs = 2_000;

/** `locked`: the environment holds it, or it has to stay. */
export type Refused = { readonly refused: string; readonly why: 'unknown' | 'invalid' | 'locked' };

/** `here`: the change was made by this process. */
export type AppListener = (app: App, here: boolean) => void;

export type ShareUsage = (appId: string, usage: Usage) => UsageShare;

/** A failure in the background, and what was being done. */
export type ProblemListener = (stage: string, error: unknown) => void;

/**
 * All apps, in memory: finding one never asks the database. Changes go to the database first and are taken over from
 * there, by this process at once and by others as soon as they look at the revision.
 */
export interface AppRegistry {
  byId(id: string): App | undefined;
  byKey(key: string): App | undefined;
  /** Oldest first. */
  all(): Iterable<App>;
  /** The app that `EARSHOT_APP_*` are about. */
  first(): App;
  /** Refused: unknown names, values that are not allowed, and settings that the environment holds. */
  update(id: string, patch: Partial<AppSettings>): Promise<App | Refused>;
  /** @throws Error when the id is taken or a value is not allowed */
  create(app: { id?: string; name: string }): Promise<App>;
  /** A further key with its secret, valid besides the present ones. */
  addKey(id: string): Promise<AppKey | Refused>;
  /** Refused: the only key of an app, and the one that the environment holds. */
  revokeKey(id: string, key: string): Promise<App | Refused>;
  /**
   * Takes an app away, with its keys and usage. All else of it goes soon after, in the background, also after a crash.
   * Refused: the first app.
   */
  remove(id: string): Promise<true | Refused>;
  /** The environment variable that holds a setting of this app; null when it can be changed. */
  lockOf(app: App, name: keyof AppSettings): string | null;
  /** The environment variable that holds a key of this app or its secret; null when it can be revoked. */
  keyLockOf(app: App, key: string): string | null;
  /** Hears of every new, changed or removed app; a removed one is disabled. */
  onChange(listener: AppListener): void;
  /** Takes away what a part keeps of an app that is gone outside of tables with a column `app_id`. */
  onRemoved(listener: RemovedListener): void;
  /** Takes over what other processes have changed. */
  refresh(): Promise<void>;
  /** Writes down the usage. Close the database afterwards. */
  close(): Promise<void>;
}

/**
 * Opens the tables and reads all apps; on the first start there is one, with a random key. Without `onProblem`,
 * failures in the background are unhandled rejections.
 *
 * @throws DataError when what is stored or set cannot be used
 */
export async function openAppRegistry(options: {
  database: Database;
  config: Config;
  clock: Clock;
  onProblem?: ProblemListener;
  /** Makes the usage of an app one of several processes. */
  shareUsage?: ShareUsage | undefined;
}): Promise<AppRegistry> {
  const { database, config, clock } = options;
  const db = await openAppTables(database);
  const firstId = await changing(db, (transaction) => settleFirstApp(transaction, config.app, clock.now()));
  const registry = new Registry(
    db,
    database.kind,
    config,
    clock,
    firstId,
    options.onProblem ?? rethrow,
    options.shareUsage ?? null,
  );
  await registry.refresh();
  for (const app of registry.all()) {
    const errors = checkAppSettings(app.settings, config.outboxBytes);
    if (errors.length > 0)
      throw new DataError(`The settings of app ${app.id} do not work: ${errors.join('; ')}`);
  }
  registry.start();
  return registry;
}

class Registry implements AppRegistry {
  readonly #db: AppDatabase;
  readonly #kind: Database['kind'];
  readonly #config: Config;
  readonly #clock: Clock;
  readonly #firstId: string;
  readonly #onProblem: ProblemListener;
  readonly #usage: UsageStore;
  readonly #shareUsage: ShareUsage | null;
  readonly #listeners: AppListener[] = [];
  readonly #removedListeners: RemovedListener[] = [];
  /** Some app may have left something behind: at the start that of a crash. */
  #removalsAreLeft = true;
  /** What each app was made from, to tell whether it has changed. */
  readonly #sources = new WeakMap<App, string>();
  #apps: ReadonlyMap<string, App> = new Map();
  #appsByKey: ReadonlyMap<string, App> = new Map();
  #revision = -1;
  #lastRead: Promise<void> = Promise.resolve();
  #round: Promise<void> | undefined;
  #timer: Timer | undefined;

  constructor(
    db: AppDatabase,
    kind: Database['kind'],
    config: Config,
    clock: Clock,
    firstId: string,
    onProblem: ProblemListener,
    shareUsage: ShareUsage | null,
  ) {
    this.#db = db;
    this.#kind = kind;
    this.#config = config;
    this.#clock = clock;
    this.#firstId = firstId;
    this.#onProblem = onProblem;
    this.#shareUsage = shareUsage;
    this.#usage = new UsageStore(db, clock.now());
  }

  byId(id: string): App | undefined {
    return this.#apps.get(id);
  }

  byKey(key: string): App | undefined {
    return this.#appsByKey.get(key);
  }

  all(): Iterable<App> {
    return this.#apps.values();
  }

  first(): App {
    return this.#mustHave(this.#firstId);
  }

  async update(id: string, patch: Partial<AppSettings>): Promise<App | Refused> {
    const errors = checkAppSettingValues(patch);
    const held = this.#heldByEnvironment(id, patch);
    if (errors.length > 0) return { why: 'invalid', refused: errors.join('; ') };
    if (held.length > 0) return { why: 'locked', refused: held.join('; ') };
    const refused = await changing(this.#db, async (transaction): Promise<Refused | null> => {
      const stored = await readSettings(transaction, id);
      if (stored === undefined) return unknownApp(id);
      const settings = { ...stored, ...patch };
      const reasons = checkAppSettings(this.#effective(id, settings), this.#config.outboxBytes);
      if (reasons.length > 0) return { why: 'invalid', refused: reasons.join('; ') };
      await writeSettings(transaction, id, settings);
      return null;
    });
    return refused ?? this.#changed(id);
  }

  async create({ id = randomAppId(), name }: { id?: string; name: string }): Promise<App> {
    const errors = checkAppSettingValues({ name });
    if (!serverSettings.appId.kind.accepts(id)) errors.push(refusal(serverSettings.appId, 'id', id, ' = '));
    if (this.#apps.has(id)) errors.push(`id is "${id}", which another app has; expected a new one, or none`);
    if (await isBeingRemoved(this.#db, id))
      errors.push(`id is "${id}", of an app that is being deleted; expected a new one, or none`);
    if (errors.length > 0) throw new Error(errors.join('; '));
    const now = this.#clock.now();
    await changing(this.#db, async (transaction) => {
      await insertApp(transaction, { id, settings: { name, chatSecret: randomChatSecret() } }, now);
      await insertKey(transaction, id, { key: randomKey(), secret: randomSecret() }, now);
    });
    return this.#changed(id);
  }

  async addKey(id: string): Promise<AppKey | Refused> {
    const key = new AppKey(randomKey(), randomSecret());
    const refused = await changing(this.#db, async (transaction): Promise<Refused | null> => {
      if ((await readSettings(transaction, id)) === undefined) return unknownApp(id);
      await insertKey(transaction, id, key, this.#clock.now());
      return null;
    });
    if (refused !== null) return refused;
    await this.#changed(id);
    return key;
  }

  async revokeKey(id: string, key: string): Promise<App | Refused> {
    const app = this.#apps.get(id);
    const lock = app === undefined ? null : this.keyLockOf(app, key);
    if (lock !== null) {
      return {
        why: 'locked',
        refused: `Key ${key} is set by ${lock} and would be back after a restart. Change it there`,
      };
    }
    const refused = await changing(this.#db, async (transaction): Promise<Refused | null> => {
      const keys = await transaction.selectFrom('app_keys').select('key').where('app_id', '=', id).execute();
      if (!keys.some((row) => row.key === key))
        return { why: 'unknown', refused: `App ${id} has no key ${key}` };
      if (keys.length === 1) {
        return { why: 'invalid', refused: `Key ${key} is the only one of app ${id}. Add another first` };
      }
      await transaction.deleteFrom('app_keys').where('key', '=', key).execute();
      return null;
    });
    return refused ?? this.#changed(id);
  }

  async remove(id: string): Promise<true | Refused> {
    if (id === this.#firstId) {
      return {
        why: 'locked',
        refused: `App ${id} is the first one, which EARSHOT_APP_* are about and which would be back after a restart. Disable it instead`,
      };
    }
    const refused = await changing(this.#db, async (transaction): Promise<Refused | null> => {
      if ((await readSettings(transaction, id)) === undefined) return unknownApp(id);
      await removeApp(transaction, id, this.#clock.now());
      return null;
    });
    if (refused !== null) return refused;
    await this.#read(true);
    return true;
  }

  lockOf(app: App, name: keyof AppSettings): string | null {
    return app.id === this.#firstId && name in this.#config.app.settings ? appSettings[name].env : null;
  }

  keyLockOf(app: App, key: string): string | null {
    if (app.id !== this.#firstId) return null;
    if (this.#config.app.key !== null) return key === this.#config.app.key ? 'EARSHOT_APP_KEY' : null;
    // A secret alone is that of the oldest key.
    return this.#config.app.secret !== null && key === app.oldestKey.key ? 'EARSHOT_APP_SECRET' : null;
  }

  onChange(listener: AppListener): void {
    this.#listeners.push(listener);
  }

  onRemoved(listener: RemovedListener): void {
    this.#removedListeners.push(listener);
  }

  refresh(): Promise<void> {
    return this.#read(false);
  }

  /** Begins to look for changes and to write down the usage, every two seconds. */
  start(): void {
    this.#timer = this.#clock.every(pollMs, () => {
      this.#round ??= this.#background().finally(() => {
        this.#round = undefined;
      });
    });
  }

  async close(): Promise<void> {
    this.#timer?.cancel();
    await this.#round;
    await this.#usage.write(this.all(), this.#clock.now());
  }

  async #background(): Promise<void> {
    try {
      await this.refresh();
      await this.#usage.write(this.all(), this.#clock.now());
      if (!this.#removalsAreLeft) return;
      const left = await finishRemovals(this.#db, this.#kind, this.#removedListeners, this.#clock.now());
      this.#removalsAreLeft = left > 0;
    } catch (error) {
      this.#onProblem('apps: reading changes and writing down usage', error);
    }
  }

  async #changed(id: string): Promise<App> {
    await this.#read(true);
    return this.#mustHave(id);
  }

  #mustHave(id: string): App {
    const app = this.#apps.get(id);
    if (app === undefined) throw new Error(`App ${id} has vanished from the database`);
    return app;
  }

  /** One read after the other, so that an older one never overtakes a newer. */
  #read(here: boolean): Promise<void> {
    const read = () => this.#readNow(here);
    this.#lastRead = this.#lastRead.then(read, read);
    return this.#lastRead;
  }

  async #readNow(here: boolean): Promise<void> {
    const revision = await readRevision(this.#db);
    if (revision === this.#revision) return;
    const apps = new Map<string, App>();
    const appsByKey = new Map<string, App>();
    const changed: App[] = [];
    for (const stored of await readApps(this.#db)) {
      const app = this.#apps.get(stored.id) ?? (await this.#added(stored));
      if (this.#take(app, stored)) changed.push(app);
      apps.set(app.id, app);
      for (const key of app.keys.keys()) appsByKey.set(key, app);
    }
    for (const app of this.#apps.values()) {
      if (apps.has(app.id)) continue;
      this.#removalsAreLeft = true;
      app.settings = { ...app.settings, enabled: false };
      changed.push(app);
    }
    this.#apps = apps;
    this.#appsByKey = appsByKey;
    this.#revision = revision;
    for (const app of changed) for (const listener of this.#listeners) listener(app, here);
  }

  async #added({ id, createdAt }: StoredApp): Promise<App> {
    const app = new App(id, defaultAppSettings(), new Map(), createdAt);
    app.usage.share = this.#shareUsage?.(id, app.usage) ?? null;
    await this.#usage.read(app);
    return app;
  }

  /** Takes over what is stored; whether that changed anything. */
  #take(app: App, stored: StoredApp): boolean {
    const source = JSON.stringify([stored.settings, stored.keys]);
    if (this.#sources.get(app) === source) return false;
    this.#sources.set(app, source);
    app.settings = this.#effective(app.id, stored.settings);
    app.keys = new Map(
      stored.keys.map(({ key, secret, createdAt }) => [key, new AppKey(key, secret, createdAt)]),
    );
    return true;
  }

  /** The environment wins over what is stored, and that over the defaults. */
  #effective(id: string, stored: Partial<AppSettings>): AppSettings {
    if (id !== this.#firstId) return { ...defaultAppSettings(), ...stored };
    return { ...defaultAppSettings(), chat: true, ...stored, ...this.#config.app.settings };
  }

  #heldByEnvironment(id: string, patch: Partial<AppSettings>): string[] {
    const app = this.#apps.get(id);
    if (app === undefined) return [];
    return appSettingNames.flatMap((name) => {
      const lock = name in patch ? this.lockOf(app, name) : null;
      if (lock === null) return [];
      return [`${name} is set by ${lock} and would be back after a restart. Change it there, or unset it`];
    });
  }
}

function unknownApp(id: string): Refused {
  return { why: 'unknown', refused: `There is no app ${id}` };
}

function rethrow(stage: string, error: unknown): never {
  throw new Error(stage, { cause: error });
}
