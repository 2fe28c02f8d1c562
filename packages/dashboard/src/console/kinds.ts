import type { TraceKind } from '../contract.ts';

/** State, as colour says it; a word and a shape always stand with it. */
export type Tone = 'plain' | 'accent' | 'good' | 'warn' | 'bad';

export interface KindLook {
  /** Of one width in the console's column, so short. */
  readonly word: string;
  /** What it means, for the list of filters. */
  readonly about: string;
  /** Names a shape of `shapes.tsx`. */
  readonly shape: 'out' | 'in' | 'plus' | 'minus' | 'cross' | 'person' | 'ring' | 'hook';
  readonly tone: Tone;
}

export const kindLooks: Readonly<Record<TraceKind, KindLook>> = {
  published: { word: 'published', about: 'An event was accepted', shape: 'out', tone: 'accent' },
  sent: { word: 'sent', about: 'A node handed it to subscribers', shape: 'out', tone: 'plain' },
  client_event: { word: 'client event', about: 'A client sent an event', shape: 'in', tone: 'accent' },
  connected: { word: 'connected', about: 'A client came', shape: 'plus', tone: 'good' },
  disconnected: { word: 'disconnected', about: 'A client left, and why', shape: 'minus', tone: 'plain' },
  refused: { word: 'refused', about: 'A connection was refused', shape: 'cross', tone: 'bad' },
  subscribed: { word: 'subscribed', about: 'A client joined a channel', shape: 'plus', tone: 'plain' },
  unsubscribed: { word: 'unsubscribed', about: 'A client left a channel', shape: 'minus', tone: 'plain' },
  subscription_refused: {
    word: 'not let in',
    about: 'A subscription was refused',
    shape: 'cross',
    tone: 'bad',
  },
  signed_in: { word: 'signed in', about: 'A client said which user it is', shape: 'person', tone: 'good' },
  member_added: { word: 'member came', about: 'A user’s first connection', shape: 'person', tone: 'plain' },
  member_removed: { word: 'member left', about: 'A user’s last connection', shape: 'minus', tone: 'plain' },
  channel_occupied: { word: 'occupied', about: 'A channel’s first subscriber', shape: 'ring', tone: 'plain' },
  channel_vacated: { word: 'vacated', about: 'A channel’s last subscriber', shape: 'ring', tone: 'plain' },
  api_request: { word: 'API request', about: 'A request, with its status', shape: 'in', tone: 'plain' },
  webhook: { word: 'webhook', about: 'An attempt to tell your server', shape: 'hook', tone: 'plain' },
};

/** How the list of filters is put together. */
export const kindGroups: readonly { readonly name: string; readonly kinds: readonly TraceKind[] }[] = [
  { name: 'Events', kinds: ['published', 'sent', 'client_event'] },
  { name: 'Connections', kinds: ['connected', 'disconnected', 'refused', 'signed_in'] },
  { name: 'Subscriptions', kinds: ['subscribed', 'unsubscribed', 'subscription_refused'] },
  {
    name: 'Channels and members',
    kinds: ['channel_occupied', 'channel_vacated', 'member_added', 'member_removed'],
  },
  { name: 'Servers', kinds: ['api_request', 'webhook'] },
];

/** The tone of one entry: a status or a close code can make it worse than its kind is. */
export function toneOf(kind: TraceKind, code: number | undefined, reason: string | undefined): Tone {
  if (kind === 'api_request' || kind === 'webhook') {
    if (code === undefined) return reason === undefined ? 'plain' : 'bad';
    if (code < 400) return kind === 'webhook' ? (code < 300 ? 'good' : 'bad') : 'plain';
    return code < 500 && kind === 'api_request' ? 'warn' : 'bad';
  }
  // 1000, 1001 and 1005 are a client's own leaving; 4000 and up are ours, with a reason.
  if (kind === 'disconnected' && code !== undefined && code >= 4000) return 'warn';
  return kindLooks[kind].tone;
}
