import type { Schedule } from './schedule.ts';

/** Schedules that once showed something wrong; each name says what must hold. */
export const kept: readonly (Schedule & { readonly name: string })[] = [
  {
    // The word that u3 is online was under way to n1 when the last watcher there left and the next one came.
    name: 'a user who goes while nobody on a worker watches is not online for the next who does',
    cluster: 'workers',
    seed: 42,
    steps: [
      { do: 'connect', client: 1, node: 1 },
      { do: 'connect', client: 2, node: 1 },
      { do: 'connect', client: 3, node: 0 },
      { do: 'connect', client: 4, node: 1 },
      { do: 'connect', client: 5, node: 0 },
      { do: 'disconnect', client: 5, node: 0 },
      { do: 'signIn', client: 1 },
      { do: 'slow', node: 0, ms: 20 },
      { do: 'signIn', client: 3 },
      { do: 'wait', ms: 7 },
      { do: 'connect', client: 5, node: 0 },
      { do: 'signIn', client: 5 },
      { do: 'disconnect', client: 5, node: 1 },
      { do: 'disconnect', client: 3, node: 1 },
      { do: 'disconnect', client: 1, node: 1 },
      { do: 'wait', ms: 4 },
      { do: 'connect', client: 5, node: 1 },
    ],
  },
  {
    // The supervisor had event 2, but not yet its copy for the cache, when c4's node began to listen and asked for the copy.
    name: 'an event of a cache channel is either heard or found in the cache by a worker that begins to listen',
    cluster: 'workers',
    seed: 5018760,
    steps: [
      { do: 'connect', client: 0, node: 0 },
      { do: 'connect', client: 3, node: 2 },
      { do: 'connect', client: 4, node: 0 },
      { do: 'connect', client: 5, node: 2 },
      { do: 'disconnect', client: 3, node: 2 },
      { do: 'wait', ms: 0 },
      { do: 'publish', node: 2, channel: 'private-cache-b', events: 1, except: 1 },
      { do: 'join', client: 4, channel: 'private-cache-b' },
      { do: 'wait', ms: 2 },
      { do: 'publish', node: 2, channel: 'private-cache-b', events: 1, except: null },
      { do: 'publish', node: 2, channel: 'private-a', events: 1, except: 5 },
      { do: 'wait', ms: 0 },
      { do: 'publish', node: 2, channel: 'private-cache-b', events: 1, except: 3 },
    ],
  },
  {
    // Of what was published before a subscription, a cache channel owes the last event alone, and of client events none.
    name: 'what comes between a cached event and the subscription is not owed when it was a client event',
    cluster: 'workers',
    seed: 808,
    steps: [
      { do: 'connect', client: 1, node: 1 },
      { do: 'join', client: 1, channel: 'private-cache-b' },
      { do: 'wait', ms: 122 },
      { do: 'publish', node: 1, channel: 'private-cache-b', events: 1, except: null },
      { do: 'whisper', client: 1, channel: 'private-cache-b' },
      { do: 'connect', client: 5, node: 1 },
      { do: 'join', client: 5, channel: 'private-cache-b' },
      { do: 'wait', ms: 30 },
      { do: 'publish', node: 1, channel: 'private-cache-b', events: 1, except: null },
    ],
  },
];
