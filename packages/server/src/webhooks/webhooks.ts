import type { Clock, Log, Timer } from '@earshot/base';
import { createOutbound } from '@earshot/chat/outbound';
import type { Database } from '@earshot/data';
import type { App } from '../apps/app.ts';
import type { AppRegistry } from '../apps/registry.ts';
import type { Fact } from '../channels/facts.ts';
import type { Counters } from '../metrics/counters.ts';
import { Delivery } from './delivery.ts';
import { Journal } from './journal.ts';
import { openWebhookTables } from './tables.ts';
import { endDelayMs, type Present, Teller } from './teller.ts';

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

/** Tells apps what happens, at the address that each has set (HOOK). */
export interface Webhooks {
  /** A fact of the cluster, on the node that is its origin. Returns at once. */
  told(fact: Fact): void;
  /** @returns null when the app is not sent it; else resolves when it is kept, and only then may it go on (HOOK-4) */
  clientEvent(app: App, seen: ClientEventSeen): Promise<void> | null;
  /** Somebody subscribed to a cache channel that keeps nothing. */
  cacheMiss(app: App, channel: string): void;
  /**
   * Begins to deliver, and tells what a crash left untold: after the lease, or at once where this process takes over from
   * another while the clients stay. Facts may be told when it resolves.
   */
  start(present: Present, isTakeover?: boolean): Promise<void>;
  /** Another process delivers from now on. Resolves when what was told is written. */
  rest(): Promise<void>;
  stop(): Promise<void>;
}

export async function openWebhooks(options: {
  readonly database: Database;
  readonly apps: AppRegistry;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  readonly leaseMs: number;
  /** Under which name it delivers; processes of which one delivers at a time, told so from outside, share theirs. */
  readonly holder?: string;
  readonly privateAddresses: boolean;
  readonly onProblem: (stage: string, error: unknown) => void;
}): Promise<Webhooks> {
  const { apps, clock, log, counters, onProblem } = options;
  const db = await openWebhookTables(options.database);
  const node = crypto.randomUUID();
  const outbound = createOutbound({ clock, allowPrivate: options.privateAddresses });
  const { leaseMs } = options;
  const delivery = new Delivery({
    db,
    apps,
    clock,
    log,
    counters,
    outbound,
    node: options.holder ?? node,
    leaseMs,
    onProblem,
  });
  const journal = new Journal({ db, clock, counters, node, onProblem, onWritten: () => delivery.look() });
  const teller = new Teller({ apps, journal, clock });
  let reconciling: Timer | undefined;
  /** Without an address there is nobody to send to, and nobody who believes anything. */
  const forget = async (appId: string) => {
    teller.forget(appId);
    await journal.flush();
    await db
      .deleteFrom('webhook_journal')
      .where('app_id', '=', appId)
      .where('failed_at', 'is', null)
      .execute();
    await db.deleteFrom('webhook_told').where('app_id', '=', appId).execute();
  };
  apps.onChange((app, here) => {
    if (app.settings.webhookUrl !== null) delivery.look();
    else if (here) forget(app.id).catch((error) => onProblem('webhooks: forgetting an app', error));
  });

  const stop = async () => {
    reconciling?.cancel();
    teller.stop();
    await journal.flush();
    await delivery.stop();
  };
  return {
    told: (fact) => teller.told(fact),
    clientEvent(app, { channel, event, data, socketId, userId }) {
      if (!teller.wanted(app).has('client_event') || isHidden(app, channel)) return null;
      return journal.add(app, {
        name: 'client_event',
        channel,
        event,
        data: data ?? '',
        socket_id: socketId,
        ...(userId === null ? {} : { user_id: userId }),
      });
    },
    cacheMiss: (app, channel) => teller.cacheMiss(app, channel),
    async start(present, isTakeover = false) {
      teller.load(await db.selectFrom('webhook_told').selectAll().execute());
      delivery.start();
      if (isTakeover) {
        await teller.reconcile(present, endDelayMs);
        await teller.catchUp(present);
        return;
      }
      reconciling = clock.after(leaseMs, () => {
        teller.reconcile(present).catch((error) => onProblem('webhooks: telling what a crash left', error));
      });
    },
    rest: stop,
    stop,
  };
}

function isHidden(app: App, channel: string): boolean {
  return app.settings.contentHiddenPrefixes.some((prefix) => channel.startsWith(prefix));
}
