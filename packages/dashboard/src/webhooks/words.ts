import type { WebhookKindName } from '../contract.ts';

/** What each kind tells, for whoever chooses. */
export const kindWords: Readonly<Record<WebhookKindName, { readonly name: string; readonly about: string }>> =
  {
    channel_occupied: { name: 'Channel occupied', about: 'A channel has its first subscriber.' },
    channel_vacated: { name: 'Channel vacated', about: 'A channel has lost its last subscriber.' },
    member_added: { name: 'Member added', about: 'A user has come to a presence channel.' },
    member_removed: { name: 'Member removed', about: 'A user has left a presence channel for good.' },
    client_event: { name: 'Client event', about: 'A client has sent an event. There can be many of them.' },
    cache_miss: { name: 'Cache miss', about: 'Somebody came to a cache channel that keeps no event.' },
    subscription_count: {
      name: 'Subscription count',
      about: 'The number of subscriptions of a channel has changed.',
    },
  };

/** An address without what is the same for all of them: "example.com/hooks". */
export function shortUrl(url: string): string {
  const short = url.replace(/^https?:\/\//, '').replace(/\/$/, '');
  return short.length > 60 ? `${short.slice(0, 59)}…` : short;
}
