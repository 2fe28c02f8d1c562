import type { Clock, Log, Timer } from '@earshot/base';
import { createOutbound } from '@earshot/chat/outbound';
import { type Database, sql } from '@earshot/data';
import type { App } from '../apps/app.ts';
import { isContentHidden } from '../apps/content-hidden.ts';
import type { AppRegistry } from '../apps/registry.ts';
import type { Fact } from '../channels/facts.ts';
import type { Counters } from '../metrics/counters.ts';
import type { Trace } from '../trace/trace.ts';
import { Attempts } from './attempts.ts';
import { Delivery } from './delivery.ts';
import type { WebhookDesk } from './desk.ts';
import { createWebhookDesk } from './desk-database.ts';
import { Endpoints } from './endpoints.ts';
import { Journal } from './journal.ts';
import { readText } from './rows.ts';
import { migrateWebhookTables, settingsEndpoint, webhookTables } from './tables.ts';
import { type IsFirst, type Present, Teller } from './teller.ts';
import { forgetBeliefs } from './told.ts';

/** Beliefs that are read in one go. */
const pageMax = 1_000;

/** A client event that was accepted. */
export interface ClientEventSeen {
  readonly channel: string;
  readonly event: string;
  /** JSON text as the sender wrote it; null when there was none. */
  readonly data: string | null;
  readonly socketId: string;
  /** Of members of presence channels. */
  readonly userId: string | null;
}

/** Tells apps what happens, at the addresses that each has set (HOOK). */
export interface Webhooks {
  /** For those who run an app. */
  readonly desk: WebhookDesk;
  /** A fact of the cluster, on the node that is its origin. Returns at once. */
  told(fact: Fact): void;
  /**
   * @returns null when the app is not sent it; else resolves when it is kept, and only then may it go on, or with false
   *   when it cannot be kept and has to be refused (HOOK-4)
   */
  clientEvent(app: App, seen: ClientEventSeen): Promise<boolean> | null;
  /**
   * A subscription is about to make a channel occupied (`userId` ''), or a user its member.
   * @returns null when no endpoint follows that; else resolves when it is kept, or cannot be kept in time. Only then is anybody
   *   told that the subscription is made (HOOK-10). `came` has to follow, and if it was not made, `told` of its end
   */
  begins(app: App, channel: string, userId: string): Promise<boolean> | null;
  /** A subscription of which `begins` was told is made, or came to nothing. */
  came(app: App, channel: string, userId: string): void;
  /** Somebody subscribed to a cache channel that keeps nothing. */
  cacheMiss(app: App, channel: string): void;
  /** Resolves when what was told so far is written down; ends that have to last first are not. */
  written(): Promise<void>;
  /** Takes over endpoints that other nodes have changed. */
  refresh(): Promise<void>;
  /** Begins to deliver, and tells after the lease what a crash left untold. */
  start(present: Present): void;
  /** Ends may have gone by untold, here or on another node: a lease later what was told is compared with what is so. */
  endsUntold(): void;
  stop(): Promise<void>;
}

export async function openWebhooks(options: {
  readonly database: Database;
  readonly apps: AppRegistry;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  readonly leaseMs: number;
  readonly privateAddresses: boolean;
  readonly onProblem: (stage: string, error: unknown) => void;
  /** Tells the other nodes that endpoints have changed; without it they see it two seconds later. */
  readonly announce?: () => void;
  /** Names of an app's settings that the environment holds. */
  readonly heldByEnvironment?: (app: App) => ReadonlySet<string>;
  readonly trace?: Trace;
  /** Where several workers are one server. */
  readonly isFirst?: IsFirst | undefined;
}): Promise<Webhooks> {
  const { database, apps, clock, log, counters, leaseMs, onProblem } = options;
  await migrateWebhookTables(database);
  // All that is written and read while the server runs goes by a way that does not stop the event loop.
  const aside = database.aside();
  const db = webhookTables(aside);
  const node = crypto.randomUUID();
  const outbound = createOutbound({ clock, allowPrivate: options.privateAddresses });
  const announce = options.announce ?? (() => undefined);
  // Few and small: they take the way of the apps themselves.
  const endpoints = new Endpoints({ db: webhookTables(database), apps, clock, announce, onProblem });
  await endpoints.refresh();
  const attempts = new Attempts(clock, node);
  const delivery = new Delivery({
    ...{ db, endpoints, attempts, clock, log, counters, outbound, node, leaseMs, onProblem },
    trace: options.trace ?? null,
    onTakenOver: (app) => reconcileLater(app),
  });
  const onWritten = () => delivery.look();
  const journal = new Journal({
    ...{ db, endpoints, clock, log, counters, onProblem, onWritten },
    kind: database.kind,
  });
  const teller = new Teller({ apps, endpoints, journal, clock, onProblem, isFirst: options.isFirst });

  /** Compares what endpoints believe with what is so, page by page (HOOK-10). */
  const reconcile = async (app: App) => {
    await journal.flush();
    for (let after = { channel: '', user_id: '' }; ; ) {
      const rows = await db
        .selectFrom('webhook_told')
        .select(['channel', 'user_id'])
        .where('app_id', '=', app.id)
        .where(sql<boolean>`(channel, user_id) > (${after.channel}, ${after.user_id})`)
        .orderBy('channel')
        .orderBy('user_id')
        .limit(pageMax)
        .execute();
      await teller.reconcile(
        app,
        rows.map(({ channel, user_id }) => ({ channel, userId: readText(user_id) })),
      );
      const last = rows.at(-1);
      if (last === undefined || rows.length < pageMax) return;
      after = last;
    }
  };
  const reconcileLater = (app: App) => {
    reconcile(app).catch((error) => onProblem('webhooks: telling what a crash left', error));
  };
  const reconcileAll = async () => {
    for (const [app] of endpoints.active()) await reconcile(app);
  };

  /** Nobody is there to send to, and nobody who believes anything. */
  const forget = async (appId: string, endpointId: string) => {
    await journal.flush();
    await db.transaction().execute(async (trx) => {
      for (const table of ['webhook_journal', 'webhook_attempts', 'webhook_endpoint_leases'] as const) {
        await trx
          .deleteFrom(table)
          .where('app_id', '=', appId)
          .where('endpoint_id', '=', endpointId)
          .execute();
      }
      await forgetBeliefs(trx, appId, endpointId);
    });
  };
  const forgetApp = async (appId: string) => {
    await journal.flush();
    await db.transaction().execute(async (trx) => {
      for (const table of [
        ...(['webhook_journal', 'webhook_attempts', 'webhook_endpoint_leases'] as const),
        ...(['webhook_told', 'webhook_numbers', 'webhook_endpoints'] as const),
      ]) {
        await trx.deleteFrom(table).where('app_id', '=', appId).execute();
      }
    });
  };
  /** What waits for a disabled endpoint is kept as failed, from where it can be replayed. */
  const putAside = async (appId: string, endpointId: string) => {
    await journal.flush();
    await db
      .updateTable('webhook_journal')
      .set({ failed_at: clock.now(), reason: 'The endpoint was disabled before this was sent' })
      .where('app_id', '=', appId)
      .where('endpoint_id', '=', endpointId)
      .where('failed_at', 'is', null)
      .execute();
    delivery.look();
  };
  const inBackground = (stage: string, work: Promise<void>) => {
    work.catch((error) => onProblem(stage, error));
  };
  /** What is left of endpoints that went while no server, or a dying one, could clean up after them. */
  const forgetOrphans = async () => {
    const tables = webhookTables(database);
    const believed = await tables
      .selectFrom('webhook_told')
      .select(['app_id', 'endpoints'])
      .distinct()
      .execute();
    const journaled = await tables
      .selectFrom('webhook_journal')
      .select(['app_id', 'endpoint_id as endpoints'])
      .distinct()
      .execute();
    const pairs = [...believed, ...journaled].flatMap(({ app_id, endpoints }) =>
      endpoints.split(' ').map((id) => `${app_id} ${id}`),
    );
    for (const pair of new Set(pairs)) {
      const [appId = '', id = ''] = pair.split(' ');
      const app = apps.byId(appId);
      if (app !== undefined && endpoints.of(app).byId(id) !== undefined) continue;
      if (id !== settingsEndpoint) await forget(appId, id);
      // The setting may be back with the next start, and then what waits is sent.
      else await forgetBeliefs(db, appId, id);
    }
  };
  await forgetOrphans();
  let hadUrl = new Set([...apps.all()].flatMap((app) => (app.settings.webhookUrl === null ? [] : [app.id])));
  apps.onChange((app, here) => {
    if (app.settings.webhookUrl !== null) hadUrl = hadUrl.add(app.id);
    else if (hadUrl.delete(app.id) && here)
      inBackground('webhooks: forgetting an endpoint', forget(app.id, settingsEndpoint));
    if (here && apps.byId(app.id) === undefined)
      inBackground('webhooks: forgetting an app', forgetApp(app.id));
    if (endpoints.of(app).enabled.length > 0) delivery.look();
  });
  endpoints.onChange(({ appId, before, after, here }) => {
    const app = apps.byId(appId);
    if (app === undefined) return;
    delivery.look();
    if (!here || before === undefined) return;
    if (after === undefined) inBackground('webhooks: forgetting an endpoint', forget(appId, before.id));
    else if (before.enabled && !after.enabled)
      inBackground('webhooks: putting aside what waits', putAside(appId, after.id));
    else if (!before.enabled && after.enabled) reconcileLater(app);
  });

  let reconciling: Timer | undefined;
  let isAskedAgain = false;
  const reconcileAfterLease = () => {
    // Who asks while one is due gets another after it: a broker that goes and comes all the time does not put it off for ever.
    isAskedAgain = reconciling !== undefined;
    reconciling ??= clock.after(leaseMs, () => {
      reconciling = undefined;
      inBackground('webhooks: telling what a crash left', reconcileAll());
      if (isAskedAgain) reconcileAfterLease();
    });
  };
  return {
    desk: createWebhookDesk({
      ...{ database, db, apps, endpoints, delivery, journal, clock },
      heldByEnvironment: options.heldByEnvironment ?? (() => new Set()),
    }),
    told: (fact) => teller.told(fact),
    clientEvent(app, { channel, event, data, socketId, userId }) {
      const wanting = endpoints.of(app).wanting('client_event', channel);
      if (wanting.length === 0 || isContentHidden(app, channel)) return null;
      return journal.add(
        app,
        {
          name: 'client_event',
          channel,
          event,
          data: data ?? '',
          socket_id: socketId,
          ...(userId === null ? {} : { user_id: userId }),
        },
        { isAwaited: true },
      );
    },
    begins: (app, channel, userId) => teller.begins(app, channel, userId),
    came: (app, channel, userId) => teller.came(app, channel, userId),
    cacheMiss: (app, channel) => teller.cacheMiss(app, channel),
    written: () => journal.flush(),
    refresh: () => endpoints.refresh(),
    start(present) {
      teller.start(present);
      endpoints.start();
      delivery.start();
      reconcileAfterLease();
    },
    endsUntold: () => reconcileAfterLease(),
    async stop() {
      reconciling?.cancel();
      teller.stop();
      await journal.flush();
      await delivery.stop();
      await endpoints.stop();
      await aside.close();
    },
  };
}
