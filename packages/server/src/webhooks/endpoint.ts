import type { WebhookEndpointDraft } from '@earshot/dashboard';
import { type WebhookKind, webhookKinds } from '../config/webhook-settings.ts';

/** An address that is told of what happens in an app, and of what it is told. */
export interface Endpoint {
  readonly id: string;
  readonly url: string;
  readonly kinds: ReadonlySet<WebhookKind>;
  /** Only channels whose name begins with it; '' = all. */
  readonly prefix: string;
  /** Sent along with each request. */
  readonly headers: Readonly<Record<string, string>>;
  readonly batching: boolean;
  readonly enabled: boolean;
  readonly createdAt: number;
}

/** The kind that tells the begin of a state, and the one that tells its end. */
export const pairs = {
  channel: { begin: 'channel_occupied', end: 'channel_vacated' },
  member: { begin: 'member_added', end: 'member_removed' },
} as const;

export type Pair = keyof typeof pairs;

/** Whether it is to hear of an event of this kind in this channel. */
export function wants(endpoint: Endpoint, kind: WebhookKind, channel: string): boolean {
  return endpoint.enabled && endpoint.kinds.has(kind) && channel.startsWith(endpoint.prefix);
}

/** Whether it follows a state: it wants the begin or the end of it. */
export function follows(endpoint: Endpoint, pair: Pair, channel: string): boolean {
  return wants(endpoint, pairs[pair].begin, channel) || wants(endpoint, pairs[pair].end, channel);
}

export const endpointsMax = 10;
const headersMax = 10;
const urlMax = 2_000;
const headerValueMax = 2_000;

/** Names that the request, the connection or the protocol need for themselves. */
const ownHeaders = new Set(
  [
    ...['content-type', 'content-length', 'content-encoding', 'host', 'connection', 'keep-alive'],
    ...['transfer-encoding', 'te', 'trailer', 'upgrade', 'expect', 'accept-encoding', 'via'],
  ].map((name) => name),
);
const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/;
const headerValue = /^[\x20-\x7e]*$/;
const channelPrefix = /^[A-Za-z0-9_\-=@,.;]{0,200}$/;

export interface Problem {
  readonly refused: string;
  readonly field: string;
}

/** What is wrong with it, in words for the person who wrote it; null when nothing is. */
export function problemWith(draft: Readonly<Record<keyof WebhookEndpointDraft, unknown>>): Problem | null {
  const { url, kinds, prefix, headers, batching, enabled } = draft;
  if (
    typeof url !== 'string' ||
    url.length > urlMax ||
    !/^https?:\/\/[^\s#]+$/.test(url) ||
    !URL.canParse(url)
  ) {
    return problem(
      'url',
      `expected an address that begins with https:// or http://, of at most ${urlMax} characters`,
    );
  }
  const { username, password } = new URL(url);
  if (username !== '' || password !== '') {
    return problem(
      'url',
      'it has a user name or password; expected an address without. Use a header instead',
    );
  }
  const unknown = Array.isArray(kinds) ? kinds.find((kind) => !webhookKinds.includes(kind)) : null;
  if (!Array.isArray(kinds) || kinds.length === 0 || unknown !== undefined) {
    return problem('kinds', `expected at least one of ${webhookKinds.join(', ')}`);
  }
  if (typeof prefix !== 'string' || !channelPrefix.test(prefix)) {
    return problem('prefix', 'expected the beginning of channel names, or nothing for all channels');
  }
  if (typeof batching !== 'boolean') return problem('batching', 'expected true or false');
  if (typeof enabled !== 'boolean') return problem('enabled', 'expected true or false');
  return problemWithHeaders(headers);
}

function problemWithHeaders(headers: unknown): Problem | null {
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) {
    return problem('headers', 'expected names with a text each');
  }
  const entries = Object.entries(headers as Record<string, unknown>);
  if (entries.length > headersMax) {
    return problem('headers', `there are ${entries.length}; expected at most ${headersMax}`);
  }
  const seen = new Set<string>();
  for (const [name, value] of entries) {
    const lower = name.toLowerCase();
    if (!headerName.test(name)) {
      return problem(
        'headers',
        `${JSON.stringify(name)} is no name of a header; expected letters, digits and hyphens`,
      );
    }
    if (ownHeaders.has(lower) || /^(x-pusher-|proxy-|sec-)/.test(lower)) {
      return problem('headers', `${name} is set by the server itself; expected another name`);
    }
    if (seen.has(lower)) return problem('headers', `${name} is there twice; expected each name once`);
    seen.add(lower);
    if (typeof value !== 'string' || value.length > headerValueMax || !headerValue.test(value)) {
      return problem(
        'headers',
        `the value of ${name} cannot be sent; expected at most ${headerValueMax} letters, digits and signs of ASCII, in one line`,
      );
    }
  }
  return null;
}

function problem(field: string, said: string): Problem {
  return { refused: `${field}: ${said}`, field };
}
