import type { Clock } from '@earshot/base';
import type {
  FailedDelivery,
  WebhookAttempt,
  WebhookEndpoint,
  WebhookEndpointDraft,
} from '@earshot/dashboard';
import type { Database } from '@earshot/data';
import type { App } from '../apps/app.ts';
import { isContentHidden } from '../apps/content-hidden.ts';
import type { AppRegistry } from '../apps/registry.ts';
import type { AppTables } from '../apps/tables.ts';
import { webhookSettings } from '../config/webhook-settings.ts';
import type { Delivery } from './delivery.ts';
import type { Refused, WebhookDesk } from './desk.ts';
import { type Endpoint, endpointsMax, problemWith } from './endpoint.ts';
import type { Endpoints } from './endpoints.ts';
import { type WebhookEvent, webhookBody } from './event.ts';
import type { Journal } from './journal.ts';
import { settingsEndpoint, type WebhookDatabase } from './tables.ts';

/** Rows of a page. */
const pageMax = 50;
/** Replays of one call; more is said to be too many. */
const replayMax = 1_000;

export interface DeskParts {
  readonly database: Database;
  readonly db: WebhookDatabase;
  readonly apps: AppRegistry;
  readonly endpoints: Endpoints;
  readonly delivery: Delivery;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly heldByEnvironment: (app: App) => ReadonlySet<string>;
}

/** The webhooks of an app for those who run it, from the database. */
export function createWebhookDesk(parts: DeskParts): WebhookDesk {
  const { db, apps, endpoints, delivery, clock } = parts;
  const find = (app: App, id: string) => endpoints.of(app).byId(id);

  /** Draft of an endpoint as it is. */
  const draftOf = (endpoint: Endpoint): WebhookEndpointDraft => ({
    url: endpoint.url,
    kinds: [...endpoint.kinds],
    prefix: endpoint.prefix,
    headers: endpoint.headers,
    batching: endpoint.batching,
    enabled: endpoint.enabled,
  });

  async function createdAt(app: App): Promise<number> {
    const row = await parts.database.kysely
      .withTables<AppTables>()
      .selectFrom('apps')
      .select('created_at')
      .where('id', '=', app.id)
      .executeTakeFirst();
    return row?.created_at ?? 0;
  }

  async function viewOf(app: App, shown: readonly Endpoint[]): Promise<WebhookEndpoint[]> {
    const counted = await db
      .selectFrom('webhook_journal')
      .select(({ fn, eb }) => [
        'endpoint_id',
        fn.countAll<number>().as('all'),
        fn.count<number>(eb.ref('failed_at')).as('failed'),
      ])
      .where('app_id', '=', app.id)
      .groupBy('endpoint_id')
      .execute();
    const counts = new Map(counted.map((row) => [row.endpoint_id, row]));
    return Promise.all(
      shown.map(async (endpoint): Promise<WebhookEndpoint> => {
        const last = await db
          .selectFrom('webhook_attempts')
          .select(['at', 'status', 'ok'])
          .where('app_id', '=', app.id)
          .where('endpoint_id', '=', endpoint.id)
          .orderBy('id', 'desc')
          .limit(1)
          .executeTakeFirst();
        const count = counts.get(endpoint.id);
        const isOfSettings = endpoint.id === settingsEndpoint;
        const isLocked = isOfSettings && parts.heldByEnvironment(app).has('webhookUrl');
        return {
          id: endpoint.id,
          ...draftOf(endpoint),
          createdAt: isOfSettings ? await createdAt(app) : endpoint.createdAt,
          lockedBy: isLocked ? webhookSettings.webhookUrl.env : null,
          waiting: (count?.all ?? 0) - (count?.failed ?? 0),
          failed: count?.failed ?? 0,
          lastAttempt: last === undefined ? null : { at: last.at, status: last.status, ok: last.ok === 1 },
        };
      }),
    );
  }

  async function viewOfOne(app: App, endpoint: Endpoint | undefined): Promise<WebhookEndpoint | Refused> {
    const [view] = endpoint === undefined ? [] : await viewOf(app, [endpoint]);
    return view ?? unknownEndpoint;
  }

  async function updateSettings(app: App, old: Endpoint, draft: WebhookEndpointDraft) {
    for (const [field, isSame] of [
      ['prefix', draft.prefix === ''],
      ['headers', Object.keys(draft.headers).length === 0],
      ['enabled', draft.enabled],
    ] as const) {
      if (isSame) continue;
      const refused = `${field}: the endpoint of the app's settings has none to set; add an endpoint of its own, and remove this one`;
      return { refused, field };
    }
    const changed = {
      ...(draft.url === old.url ? {} : { webhookUrl: draft.url }),
      ...(sameKinds(draft.kinds, old.kinds) ? {} : { webhookEvents: [...draft.kinds] }),
      ...(draft.batching === old.batching ? {} : { webhookBatching: draft.batching }),
    };
    if (Object.keys(changed).length > 0) {
      const updated = await apps.update(app.id, changed);
      if ('refused' in updated) return updated;
    }
    return viewOfOne(app, find(app, settingsEndpoint));
  }

  return {
    endpoints: (app) => viewOf(app, endpoints.of(app).all),

    async create(app, draft) {
      const problem = problemWith(draft);
      if (problem !== null) return problem;
      const created = await endpoints.create(app, draft, endpointsMax);
      if (created === undefined) {
        return {
          refused: `This app has ${endpointsMax} endpoints, which is as many as one can have. Remove one first`,
        };
      }
      return viewOfOne(app, created);
    },

    async update(app, endpointId, patch) {
      const old = find(app, endpointId);
      if (old === undefined) return unknownEndpoint;
      const draft = { ...draftOf(old), ...patch };
      const problem = problemWith(draft);
      if (problem !== null) return problem;
      if (endpointId === settingsEndpoint) return updateSettings(app, old, draft);
      return viewOfOne(app, await endpoints.update(app, endpointId, draft));
    },

    async remove(app, endpointId) {
      if (find(app, endpointId) === undefined) return unknownEndpoint;
      if (endpointId !== settingsEndpoint) {
        await endpoints.remove(app, endpointId);
        return true;
      }
      const updated = await apps.update(app.id, { webhookUrl: null });
      return 'refused' in updated ? updated : true;
    },

    async test(app, endpointId) {
      const endpoint = find(app, endpointId);
      if (endpoint === undefined) return unknownEndpoint;
      const event: WebhookEvent = { name: 'channel_occupied', channel: 'earshot-test' };
      const body = webhookBody(clock.now(), [JSON.stringify(event)]);
      const outcome = await delivery.test(app, endpoint, body);
      if (outcome === null) return { refused: 'The server is stopping. Try again when it runs' };
      const { ok, status, reason, answer, durationMs } = outcome;
      return { ok, status, reason, body, answer, durationMs };
    },

    async attempts(app, { endpointId, ok, before }) {
      let query = db
        .selectFrom('webhook_attempts')
        .selectAll()
        .where('app_id', '=', app.id)
        .orderBy('id', 'desc')
        .limit(pageMax + 1);
      if (endpointId !== null) query = query.where('endpoint_id', '=', endpointId);
      if (ok !== null) query = query.where('ok', '=', ok ? 1 : 0);
      if (before !== null) query = query.where('id', '<', before);
      const rows = await query.execute();
      return page(
        rows.map(
          (row): WebhookAttempt => ({
            id: row.id,
            endpointId: row.endpoint_id,
            at: row.at,
            durationMs: row.duration_ms,
            attempt: row.attempt,
            ok: row.ok === 1,
            status: row.status,
            reason: row.reason,
            body: row.body,
            answer: row.answer,
            events: JSON.parse(row.events) as WebhookAttempt['events'],
          }),
        ),
      );
    },

    async failed(app, { endpointId, before }) {
      let query = db
        .selectFrom('webhook_journal')
        .selectAll()
        .where('app_id', '=', app.id)
        .where('failed_at', 'is not', null)
        .orderBy('id', 'desc')
        .limit(pageMax + 1);
      if (endpointId !== null) query = query.where('endpoint_id', '=', endpointId);
      if (before !== null) query = query.where('id', '<', before);
      const rows = await query.execute();
      return page(
        rows.map((row): FailedDelivery => {
          const { name } = JSON.parse(row.event) as WebhookEvent;
          return {
            id: row.id,
            endpointId: row.endpoint_id,
            createdAt: row.created_at,
            failedAt: row.failed_at ?? 0,
            attempts: row.attempts,
            reason: row.reason,
            name,
            channel: row.channel,
            event: isContentHidden(app, row.channel) ? null : row.event,
          };
        }),
      );
    },

    async replay(app, which) {
      if ('endpointId' in which && find(app, which.endpointId) === undefined) return unknownEndpoint;
      if ('ids' in which && which.ids.length > replayMax) {
        return { refused: `ids: there are ${which.ids.length}; expected at most ${replayMax}`, field: 'ids' };
      }
      const known = endpoints.of(app).enabled.map(({ id }) => id);
      if ('endpointId' in which && !known.includes(which.endpointId)) {
        return { refused: 'The endpoint is disabled. Enable it first, then replay' };
      }
      if (known.length === 0 || ('ids' in which && which.ids.length === 0)) return 0;
      // A request of its own for each, whatever it was together with: some of a batch may have been replayed before.
      let query = db
        .updateTable('webhook_journal')
        .set((row) => ({
          failed_at: null,
          reason: null,
          attempts: 0,
          due_at: clock.now(),
          replayed_at: clock.now(),
          batch: row.ref('id'),
        }))
        .where('app_id', '=', app.id)
        .where('failed_at', 'is not', null);
      query =
        'ids' in which
          ? query.where('id', 'in', [...which.ids]).where('endpoint_id', 'in', known)
          : query.where('endpoint_id', '=', which.endpointId);
      const { numUpdatedRows } = await query.executeTakeFirst();
      delivery.look();
      return Number(numUpdatedRows);
    },
  };
}

const unknownEndpoint: Refused = { refused: 'There is no such endpoint. It may have been removed' };

/** One more than a page holds was asked for, to know whether there is another. */
function page<Row extends { readonly id: string }>(rows: readonly Row[]) {
  const shown = rows.slice(0, pageMax);
  return { rows: shown, next: rows.length > pageMax ? (shown.at(-1)?.id ?? null) : null };
}

function sameKinds(kinds: readonly string[], others: ReadonlySet<string>): boolean {
  return kinds.length === others.size && kinds.every((kind) => others.has(kind));
}
