import type { Clock, Timer } from '@earshot/base';
import type { WebhookEndpointDraft } from '@earshot/dashboard';
import type { App } from '../apps/app.ts';
import type { AppRegistry } from '../apps/registry.ts';
import { type WebhookKind, webhookKinds } from '../config/webhook-settings.ts';
import { type Endpoint, follows, type Pair, wants } from './endpoint.ts';
import { settingsEndpoint, type WebhookDatabase } from './tables.ts';

/** How soon a change made by another process is noticed when nobody tells of it. */
const pollMs = 2_000;

/** The endpoints of an app at one moment. */
export class AppEndpoints {
  readonly all: readonly Endpoint[];
  readonly enabled: readonly Endpoint[];
  /** All kinds that some endpoint is to hear of. */
  readonly kinds: ReadonlySet<WebhookKind>;
  readonly #byId: ReadonlyMap<string, Endpoint>;

  constructor(all: readonly Endpoint[]) {
    this.all = all;
    this.enabled = all.filter(({ enabled }) => enabled);
    this.kinds = new Set(this.enabled.flatMap(({ kinds }) => [...kinds]));
    this.#byId = new Map(all.map((endpoint) => [endpoint.id, endpoint]));
  }

  byId(id: string): Endpoint | undefined {
    return this.#byId.get(id);
  }

  /** Those that are to hear of an event of this kind in this channel. */
  wanting(kind: WebhookKind, channel: string): readonly Endpoint[] {
    if (!this.kinds.has(kind)) return [];
    return this.enabled.filter((endpoint) => wants(endpoint, kind, channel));
  }

  /** Those that follow a state of this channel. */
  following(pair: Pair, channel: string): readonly Endpoint[] {
    return this.enabled.filter((endpoint) => follows(endpoint, pair, channel));
  }
}

const none = new AppEndpoints([]);

/** `here`: the change was made by this process. */
export type EndpointListener = (change: {
  readonly appId: string;
  readonly before: Endpoint | undefined;
  /** Undefined: it was removed. */
  readonly after: Endpoint | undefined;
  readonly here: boolean;
}) => void;

/**
 * All endpoints, in memory: finding those of an app never asks the database. A change goes to the database first and is
 * taken over from there, by this process at once, by others when they are told, or when they look at the revision.
 */
export class Endpoints {
  readonly #db: WebhookDatabase;
  readonly #apps: AppRegistry;
  readonly #clock: Clock;
  readonly #announce: () => void;
  readonly #onProblem: (stage: string, error: unknown) => void;
  readonly #listeners: EndpointListener[] = [];
  #stored: ReadonlyMap<string, readonly Endpoint[]> = new Map();
  /** By the settings, because those hold an endpoint too. */
  #cached = new WeakMap<App['settings'], AppEndpoints>();
  #revision = -1;
  #lastRead: Promise<void> = Promise.resolve();
  #timer: Timer | undefined;

  constructor(parts: {
    db: WebhookDatabase;
    apps: AppRegistry;
    clock: Clock;
    /** Tells other nodes that endpoints have changed. */
    announce: () => void;
    onProblem: (stage: string, error: unknown) => void;
  }) {
    this.#db = parts.db;
    this.#apps = parts.apps;
    this.#clock = parts.clock;
    this.#announce = parts.announce;
    this.#onProblem = parts.onProblem;
  }

  of(app: App): AppEndpoints {
    const { settings } = app;
    const stored = this.#stored.get(app.id);
    if (settings.webhookUrl === null && stored === undefined) return none;
    let endpoints = this.#cached.get(settings);
    if (endpoints === undefined) {
      endpoints = new AppEndpoints([...ofSettings(app), ...(stored ?? [])]);
      this.#cached.set(settings, endpoints);
    }
    return endpoints;
  }

  onChange(listener: EndpointListener): void {
    this.#listeners.push(listener);
  }

  /** Takes over what other processes have changed. */
  refresh(): Promise<void> {
    return this.#read(false);
  }

  start(): void {
    this.#timer = this.#clock.every(pollMs, () => {
      this.refresh().catch((error) => this.#onProblem('webhooks: reading endpoints', error));
    });
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    await this.#lastRead.catch(() => undefined);
  }

  /** @returns undefined when the app has `max` already */
  async create(app: App, draft: WebhookEndpointDraft, max: number): Promise<Endpoint | undefined> {
    const id = crypto.randomUUID().replaceAll('-', '').slice(0, 16);
    const made = await this.#changing(async (trx) => {
      const present = await trx
        .selectFrom('webhook_endpoints')
        .select('id')
        .where('app_id', '=', app.id)
        .execute();
      if (present.length + ofSettings(app).length >= max) return false;
      const row = { app_id: app.id, id, ...rowOf(draft), created_at: this.#clock.now() };
      await trx.insertInto('webhook_endpoints').values(row).execute();
      return true;
    });
    if (!made) return undefined;
    return this.of(app).byId(id);
  }

  async update(app: App, id: string, draft: WebhookEndpointDraft): Promise<Endpoint | undefined> {
    await this.#changing((trx) =>
      trx
        .updateTable('webhook_endpoints')
        .set(rowOf(draft))
        .where('app_id', '=', app.id)
        .where('id', '=', id)
        .execute(),
    );
    return this.of(app).byId(id);
  }

  async remove(app: App, id: string): Promise<void> {
    await this.#changing((trx) =>
      trx.deleteFrom('webhook_endpoints').where('app_id', '=', app.id).where('id', '=', id).execute(),
    );
  }

  async #changing<Result>(change: (trx: WebhookDatabase) => Promise<Result>): Promise<Result> {
    const result = await this.#db.transaction().execute(async (trx) => {
      await trx
        .updateTable('webhook_revision')
        .set((row) => ({ revision: row('revision', '+', 1) }))
        .execute();
      return change(trx);
    });
    await this.#read(true);
    this.#announce();
    return result;
  }

  /** One read after the other, so that an older one never overtakes a newer. */
  #read(here: boolean): Promise<void> {
    const read = () => this.#readNow(here);
    this.#lastRead = this.#lastRead.then(read, read);
    return this.#lastRead;
  }

  async #readNow(here: boolean): Promise<void> {
    const { revision } = await this.#db
      .selectFrom('webhook_revision')
      .select('revision')
      .executeTakeFirstOrThrow();
    if (revision === this.#revision) return;
    const rows = await this.#db.selectFrom('webhook_endpoints').selectAll().orderBy('created_at').execute();
    const before = this.#stored;
    const after = new Map<string, Endpoint[]>();
    for (const { app_id, kinds, headers, batching, enabled, created_at, ...rest } of rows) {
      const endpoint: Endpoint = {
        ...rest,
        kinds: new Set(webhookKinds.filter((kind) => kinds.split(',').includes(kind))),
        headers: JSON.parse(headers) as Record<string, string>,
        batching: batching === 1,
        enabled: enabled === 1,
        createdAt: created_at,
      };
      const ofApp = after.get(app_id);
      if (ofApp === undefined) after.set(app_id, [endpoint]);
      else ofApp.push(endpoint);
    }
    this.#stored = after;
    this.#cached = new WeakMap();
    this.#revision = revision;
    for (const appId of new Set([...before.keys(), ...after.keys()])) {
      const [old, now] = [before, after].map(
        (all) => new Map((all.get(appId) ?? []).map((endpoint) => [endpoint.id, endpoint])),
      );
      for (const id of new Set([...(old?.keys() ?? []), ...(now?.keys() ?? [])])) {
        for (const listener of this.#listeners) {
          listener({ appId, before: old?.get(id), after: now?.get(id), here });
        }
      }
    }
  }

  /** Whether any app has an endpoint, enabled or not. */
  hasAny(): boolean {
    for (const app of this.#apps.all()) if (this.of(app).all.length > 0) return true;
    return false;
  }

  /** All apps that have an endpoint that is enabled. */
  *active(): Iterable<readonly [App, AppEndpoints]> {
    for (const app of this.#apps.all()) {
      const endpoints = this.of(app);
      if (endpoints.enabled.length > 0) yield [app, endpoints];
    }
  }
}

function ofSettings({ settings }: App): Endpoint[] {
  if (settings.webhookUrl === null) return [];
  return [
    {
      id: settingsEndpoint,
      url: settings.webhookUrl,
      kinds: new Set(settings.webhookEvents as WebhookKind[]),
      prefix: '',
      headers: {},
      batching: settings.webhookBatching,
      enabled: true,
      createdAt: 0,
    },
  ];
}

function rowOf(draft: WebhookEndpointDraft) {
  return {
    url: draft.url,
    kinds: draft.kinds.join(','),
    prefix: draft.prefix,
    headers: JSON.stringify(draft.headers),
    batching: draft.batching ? 1 : 0,
    enabled: draft.enabled ? 1 : 0,
  };
}
