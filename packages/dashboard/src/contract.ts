/**
 * What the dashboard in the browser and the server behind it have agreed on: the JSON of `/dashboard/api/v1`. Times are
 * milliseconds since the epoch, ids are opaque text. A refusal is `{"error": ApiError}` with a status of 4xx or 5xx.
 */

export const apiPath = '/dashboard/api/v1';

export interface ApiError {
  /** `signed_out`, `forbidden`, `not_found`, `invalid`, `conflict`, `locked`, `too_many`, `unavailable`, `internal`. */
  readonly code: string;
  /** For the person: what was found, what was expected, what to do. */
  readonly message: string;
  /** The field of the request that it is about. */
  readonly field?: string;
  readonly retryAfterSeconds?: number;
}

// Signing in: GET, POST, DELETE /session; GET /ways; /operators

/** `GET /ways`, for everybody: how one can sign in here besides a single-use link. */
export interface Ways {
  /** Some operator has a password. */
  readonly password: boolean;
  /** A provider of OpenID Connect is set; its name on the button. Begins at `GET /dashboard/oidc/start`. */
  readonly provider: string | null;
}

/**
 * Why a sign-in by the provider came to nothing: the address of the page that follows ends in `#sign-in-failed=` and one of
 * these names. Texts stand here and not in the address, where anybody could write them.
 */
export const providerFailures = {
  cancelled: 'The sign-in was cancelled.',
  unreachable: 'The provider cannot be reached at the moment. Try again later.',
  refused: 'The provider did not sign you in. The reason is in the log of the server.',
  too_many: 'Too many sign-ins from this address. Try again in a minute.',
  elsewhere: 'This sign-in was begun elsewhere, or took too long. Begin again.',
  not_let_in: 'Whoever you are at the provider is not let in here. Ask who runs this server.',
} as const;
export type ProviderFailure = keyof typeof providerFailures;

/** Body of `POST /session`. 204 with a cookie, or `forbidden`, or `too_many`. */
export type SignIn = { readonly token: string } | { readonly name: string; readonly password: string };

/** `GET /session`; `signed_out` without one. */
export interface OperatorSession {
  /** Null: came by a link, which stands for whoever runs the server. */
  readonly operator: { readonly id: string; readonly name: string } | null;
  readonly version: string;
  /** Where clients and publishers find this server. `path` is '' or begins with a slash. */
  readonly server: {
    readonly scheme: 'http' | 'https';
    readonly host: string;
    readonly port: number;
    readonly path: string;
  };
}

/** `GET /operators`; `POST` {name, password}; `PATCH /operators/{id}` {name?, password?, currentPassword?}; `DELETE`. */
export interface Operator {
  readonly id: string;
  readonly name: string;
  readonly createdAt: number;
  readonly lastSeenAt: number | null;
  /** What sets the password, when that is not the database: `EARSHOT_ADMIN_PASSWORD`. */
  readonly lockedBy: string | null;
}

// Apps: GET, POST /apps; GET, PATCH, DELETE /apps/{id}; /apps/{id}/keys

/** `GET /apps` lists them, the oldest first. */
export interface AppSummary {
  readonly id: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly connections: number;
  readonly messagesPerMinute: number;
  readonly messagesToday: number;
  /** It is the one that `EARSHOT_APP_*` are about, which cannot be deleted. */
  readonly isFirst: boolean;
}

/** One setting of an app, with what is needed to show and to change it. */
export interface SettingField {
  /** As in `PATCH`. */
  readonly name: string;
  readonly kind: 'boolean' | 'number' | 'text' | 'list' | 'choice';
  readonly value: boolean | number | string | readonly string[] | null;
  readonly default: boolean | number | string | readonly string[] | null;
  /** What the default means, where the value alone does not say it. */
  readonly defaultText: string | null;
  readonly example: string | null;
  /** What it does, in a sentence or two; `code` in backticks. */
  readonly doc: string;
  /** What a value has to be, in words. */
  readonly expected: string;
  readonly min?: number;
  readonly max?: number;
  readonly choices?: readonly string[];
  /** Which heading it stands under: `general`, `access`, `limits`, `webhooks`, `chat`. */
  readonly group: string;
  /** A secret is shown on request only. */
  readonly secret: boolean;
  /** The environment variable that holds it, so that it cannot be changed here; null when it can. */
  readonly lockedBy: string | null;
  /** Its variable, whether or not it is set. */
  readonly env: string;
}

/** `GET /apps/{id}`, and the answer to `POST /apps` {name} and `PATCH /apps/{id}` {settings}. */
export interface AppDetail extends AppSummary {
  readonly createdAt: number;
  readonly settings: readonly SettingField[];
}

/** `GET /apps/{id}/keys` lists them, the oldest first; `POST` adds one; `DELETE /apps/{id}/keys/{key}` ends one. */
export interface AppKeyView {
  readonly key: string;
  readonly secret: string;
  readonly createdAt: number;
  readonly lockedBy: string | null;
}

// Statistics: GET /apps/{id}/statistics?range=hour|day|month

export const transports = ['websocket', 'xhr_streaming', 'xhr_polling', 'event_stream'] as const;
export type Transport = (typeof transports)[number];

export type Range = 'hour' | 'day' | 'month';

/** The figures of one stretch of time. Null: the server has no figures of it (it did not run, or is older than 30 days). */
export interface StatisticsPoint {
  /** Begin of the stretch. */
  readonly at: number;
  readonly figures: {
    /** Events accepted from publishers: the HTTP API, the event creator, the chat. */
    readonly published: number;
    /** Events accepted from clients. With `published` and `delivered` they are the messages that the quota counts. */
    readonly clientEvents: number;
    /** Events that went to a subscriber, each one counted. */
    readonly delivered: number;
    readonly apiRequests: number;
    /** Of these, the ones answered with 4xx or 5xx. */
    readonly apiErrors: number;
    /** Most open connections of all nodes in one second, by transport; each has its own second. */
    readonly connections: Readonly<Record<Transport, number>>;
    /** The same of all transports together. */
    readonly connectionsPeak: number;
    /** Events, not requests. */
    readonly webhooksDelivered: number;
    readonly webhooksFailed: number;
  } | null;
}

export interface Statistics {
  readonly range: Range;
  readonly stepMs: number;
  /** One for each step of the range, the oldest first, without gaps; the last is not over yet. */
  readonly points: readonly StatisticsPoint[];
  /** Messages of each UTC day, as the quota counts them, at most 30, the oldest first. */
  readonly messagesPerDay: readonly { readonly day: string; readonly messages: number }[];
  /** Of the range; that of days is of `messagesPerDay`. A message is as in `messagesPerDay`. */
  readonly peaks: {
    readonly connections: { readonly value: number; readonly at: number } | null;
    readonly messagesPerMinute: { readonly value: number; readonly at: number } | null;
    readonly messagesPerDay: { readonly value: number; readonly at: number } | null;
  };
}

/** One line of the event stream `GET /apps/{id}/live`, each second: `event: figures`. */
export interface LiveFigures {
  readonly at: number;
  readonly connections: Readonly<Record<Transport, number>>;
  /** Occupied ones; with several nodes counted every few seconds. */
  readonly channels: number;
  /** Since the line before, which is about a second ago; 0 in the first one. */
  readonly published: number;
  readonly clientEvents: number;
  readonly delivered: number;
  readonly messagesToday: number;
  /** Nodes that these figures are of, and how many are there. */
  readonly nodes: { readonly answered: number; readonly known: number };
}

// Debug console: the event stream GET /apps/{id}/console?kinds=&channel=&user=&socket=

export const traceKinds = [
  /** An event was accepted by the HTTP API, or by the event creator. */
  'published',
  /** A node handed an event to its subscribers. */
  'sent',
  'client_event',
  'connected',
  'disconnected',
  /** A connection was refused, with code and reason. */
  'refused',
  'subscribed',
  'unsubscribed',
  'subscription_refused',
  'signed_in',
  'member_added',
  'member_removed',
  'channel_occupied',
  'channel_vacated',
  /** A request of the HTTP API, with its status. */
  'api_request',
  /** An attempt to deliver a webhook. */
  'webhook',
] as const;
export type TraceKind = (typeof traceKinds)[number];

/** One line of the console. Which fields there are depends on the kind; those that do not apply are left out. */
export interface TraceEntry {
  /** Grows by one per node; with `node` it names the entry. */
  readonly seq: number;
  readonly node: string;
  readonly at: number;
  readonly kind: TraceKind;
  readonly channel?: string;
  readonly event?: string;
  /** JSON text or plain text as it came, cut at 4 KiB. Left out when the channel's content is hidden. */
  readonly data?: string;
  readonly dataBytes?: number;
  /** Why `data` is not whole: `hidden` by the app's setting, or `cut`. */
  readonly dataIs?: 'hidden' | 'cut';
  readonly socketId?: string;
  readonly userId?: string;
  readonly transport?: Transport;
  /** Close code, status of the API's answer or of the webhook's receiver. */
  readonly code?: number;
  /** Why, in words; never anything secret. */
  readonly reason?: string;
  readonly method?: string;
  readonly path?: string;
  readonly durationMs?: number;
  /** Subscribers of the node that it went to. */
  readonly recipients?: number;
}

/**
 * Lines of the console's stream. `event: entries` carries `{entries, skipped}`: `skipped` are those that were left out
 * since the last line because traffic outran the bound, so what is shown is a sample. Comes at most ten times a second.
 */
export interface TraceBatch {
  readonly entries: readonly TraceEntry[];
  readonly skipped: number;
}

// Event creator: POST /apps/{id}/events

export interface EventDraft {
  readonly channel: string;
  readonly event: string;
  /** Sent as it is: clients parse it as JSON where it is JSON. */
  readonly data: string;
  readonly socketId?: string;
}

export interface EventResult {
  /** Subscriptions of the channel in the cluster when it was accepted. */
  readonly subscriptions: number;
  /** A cache channel keeps it until then. */
  readonly cachedUntil: number | null;
}

// Inspector: /apps/{id}/channels, /apps/{id}/connections, /apps/{id}/users/{userId}/terminate

/** `GET /apps/{id}/channels?prefix=`: at most `channels.length` of `total`, those with most subscriptions first. */
export interface ChannelList {
  readonly total: number;
  readonly channels: readonly ChannelRow[];
}

export interface ChannelRow {
  readonly name: string;
  readonly kind: 'public' | 'private' | 'presence' | 'encrypted';
  readonly isCache: boolean;
  readonly subscriptions: number;
  /** Presence channels only. */
  readonly users: number | null;
}

/** `GET /apps/{id}/channels/{name}`; `not_found` when nobody is subscribed and nothing is cached. */
export interface ChannelDetail extends ChannelRow {
  /** At most 500 of `users`. `userInfo` is JSON text; null when hidden or when there is none. */
  readonly members: readonly { readonly userId: string; readonly userInfo: string | null }[];
  readonly contentHidden: boolean;
  readonly cached: {
    readonly event: string;
    readonly data: string | null;
    readonly dataBytes: number;
    readonly expiresAt: number;
  } | null;
  /** At most 100 of its subscribers. */
  readonly connections: readonly ConnectionRow[];
}

/**
 * `GET /apps/{id}/connections?socket=&user=&channel=`: at most `connections.length` of `total`, the newest first. `socket` is a
 * beginning of the socket id, `user` an id signed in with or a member's, `channel` a whole name; '' leaves none out.
 */
export interface ConnectionList {
  readonly total: number;
  readonly connections: readonly ConnectionRow[];
  readonly nodes: { readonly answered: number; readonly known: number };
}

export interface ConnectionRow {
  readonly socketId: string;
  readonly node: string;
  readonly transport: Transport;
  readonly userId: string | null;
  readonly connectedAt: number;
  readonly channels: number;
  /** Bytes that wait to be written to it. */
  readonly queuedBytes: number;
}

/** `GET /apps/{id}/connections/{socketId}`; `DELETE` closes it with 4009. */
export interface ConnectionDetail extends ConnectionRow {
  readonly address: string;
  readonly origin: string | null;
  readonly client: string | null;
  readonly protocol: number;
  readonly lastSeenAt: number;
  /** At most 500. */
  readonly channelNames: readonly string[];
  readonly memberOf: readonly { readonly channel: string; readonly userId: string }[];
}

// Webhooks: /apps/{id}/webhooks, /apps/{id}/webhooks/attempts, /apps/{id}/webhooks/failed

export const webhookKindNames = [
  'channel_occupied',
  'channel_vacated',
  'member_added',
  'member_removed',
  'client_event',
  'cache_miss',
  'subscription_count',
] as const;
export type WebhookKindName = (typeof webhookKindNames)[number];

/** `GET`, `POST /apps/{id}/webhooks`; `PATCH`, `DELETE /apps/{id}/webhooks/{endpoint}`; `POST …/{endpoint}/test`. */
export interface WebhookEndpoint {
  readonly id: string;
  readonly url: string;
  readonly kinds: readonly WebhookKindName[];
  /** Only channels whose name begins with it; '' = all. */
  readonly prefix: string;
  /** Sent along; values are shown to signed-in operators. At most 10; those of the protocol cannot be set. */
  readonly headers: Readonly<Record<string, string>>;
  readonly batching: boolean;
  readonly enabled: boolean;
  readonly createdAt: number;
  /** The environment variable that holds it, so that it cannot be changed here. */
  readonly lockedBy: string | null;
  /** Events that wait, and events that were given up and can be replayed. */
  readonly waiting: number;
  readonly failed: number;
  readonly lastAttempt: { readonly at: number; readonly status: number | null; readonly ok: boolean } | null;
}

export type WebhookEndpointDraft = Pick<
  WebhookEndpoint,
  'url' | 'kinds' | 'prefix' | 'headers' | 'batching' | 'enabled'
>;

/** `GET /apps/{id}/webhooks/attempts?endpoint=&outcome=ok|failed&before=`: the newest first, 50 at a time. Kept a week. */
export interface WebhookAttempt {
  readonly id: string;
  readonly endpointId: string;
  readonly at: number;
  readonly durationMs: number;
  /** Which attempt for these events: 1 is the first. */
  readonly attempt: number;
  readonly ok: boolean;
  /** Status of the answer; null when there was none. */
  readonly status: number | null;
  /** Why it failed, in words. */
  readonly reason: string | null;
  /** What was sent: the exact body, or, where an event's channel is hidden, with `data` left out. Null after its retention. */
  readonly body: string | null;
  /** First 2 KiB of the answer, as text. */
  readonly answer: string | null;
  readonly events: readonly { readonly name: WebhookKindName; readonly channel: string }[];
}

/** `GET /apps/{id}/webhooks/failed?endpoint=&before=`; `POST …/failed/replay` {ids} or {endpointId}: `{"replayed": n}`. */
export interface FailedDelivery {
  readonly id: string;
  readonly endpointId: string;
  readonly createdAt: number;
  readonly failedAt: number;
  readonly attempts: number;
  readonly reason: string | null;
  readonly name: WebhookKindName;
  readonly channel: string;
  /** Null where the channel's content is hidden. */
  readonly event: string | null;
}

/** Lists that go on: `next` is the `before` of the next page; null at the end. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly next: string | null;
}

/** The answer to a test: a request with one event `channel_occupied` of the channel `earshot-test`, journaled nowhere. */
export type WebhookTest = Pick<WebhookAttempt, 'ok' | 'status' | 'reason' | 'body' | 'answer' | 'durationMs'>;
