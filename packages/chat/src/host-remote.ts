import Publisher from 'pusher';
import { type ChannelHost, HostError, type HostFact } from './host.ts';

/** How the chat reaches an app on a channel server. */
export interface RemoteHostOptions {
  readonly appId: string;
  readonly key: string;
  readonly secret: string;
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

export interface RemoteHost extends ChannelHost {
  /** What a webhook says. @returns null when it is not signed by the app, or is no webhook */
  facts(headers: Headers, body: string): readonly HostFact[] | null;
}

const timeoutMs = 10_000;
/** Of one request; Pusher's limit. */
const channelsMax = 100;
/** Answers that would be the same another time. */
const forGood = new Set([400, 413]);

const factTypes: ReadonlySet<unknown> = new Set<HostFact['type']>([
  'channel_occupied',
  'channel_vacated',
  'member_added',
  'member_removed',
]);

/** Any Pusher-compatible server as the chat's host, by its HTTP API and its webhooks: the official library does both. */
export function createRemoteHost(options: RemoteHostOptions): RemoteHost {
  const { appId, key, secret, host, port, tls } = options;
  const pusher = new Publisher({
    appId,
    key,
    secret,
    host,
    port: `${port}`,
    useTLS: tls,
    timeout: timeoutMs,
  });
  /** The last request for each channel: requests for one channel are made one after the other, which keeps their order. */
  const last = new Map<string, Promise<void>>();

  const answered = async (what: string, request: Promise<{ text(): Promise<string> }>): Promise<string> => {
    try {
      return await (await request).text();
    } catch (error) {
      // The library's error carries the signed address, which no log shall have.
      const status = error instanceof Error && 'status' in error ? Number(error.status) : Number.NaN;
      const said = Number.isNaN(status) ? 'no answer' : `status ${status}`;
      throw new HostError(`The channel server did not take ${what}: ${said}`, forGood.has(status));
    }
  };

  async function inOrder(channels: readonly string[], work: () => Promise<unknown>): Promise<void> {
    const before = channels.flatMap((channel) => last.get(channel) ?? []);
    const done = (async () => {
      await Promise.allSettled(before);
      await work();
    })();
    for (const channel of channels) last.set(channel, done);
    try {
      await done;
    } finally {
      for (const channel of channels) if (last.get(channel) === done) last.delete(channel);
    }
  }

  return {
    async publish(_appId, channels, event, data) {
      const requests: Promise<void>[] = [];
      for (let from = 0; from < channels.length; from += channelsMax) {
        const some = channels.slice(from, from + channelsMax);
        requests.push(inOrder(some, () => answered(event, pusher.trigger([...some], event, data))));
      }
      await Promise.all(requests);
    },
    async terminate(_appId, userId) {
      await answered('the end of a session', pusher.terminateUserConnections(userId));
    },
    authoriseChannel(_appId, socketId, channel, channelData) {
      if (channelData === null) return pusher.authorizeChannel(socketId, channel);
      return pusher.authorizeChannel(socketId, channel, JSON.parse(channelData));
    },
    authoriseUser: (_appId, socketId, userId) => pusher.authenticateUser(socketId, { id: userId }),
    async occupied(_appId, prefix) {
      const params = { filter_by_prefix: prefix };
      const text = await answered('a question', pusher.get({ path: '/channels', params }));
      return new Set(Object.keys(JSON.parse(text).channels ?? {}));
    },
    async count(_appId, channel) {
      const isPresence = channel.startsWith('presence-');
      const params = { info: isPresence ? 'user_count' : 'subscription_count' };
      const text = await answered('a question', pusher.get({ path: `/channels/${channel}`, params }));
      const { occupied = false, user_count: users = 0, subscription_count } = JSON.parse(text);
      // Not every server counts the subscriptions of presence channels.
      const subscriptions = subscription_count ?? Math.max(users, occupied ? 1 : 0);
      return { subscriptions: Number(subscriptions), users: Number(users) };
    },
    async members(_appId, channel) {
      const text = await answered('a question', pusher.get({ path: `/channels/${channel}/users` }));
      const { users = [] } = JSON.parse(text) as { users?: { id: unknown }[] };
      return new Set(users.map(({ id }) => `${id}`));
    },
    facts(headers, rawBody) {
      const hook = pusher.webhook({ headers: Object.fromEntries(headers), rawBody });
      if (!hook.isValid()) return null;
      const events: unknown = hook.getData().events;
      return Array.isArray(events) ? events.flatMap((event) => factOf(appId, event)) : [];
    },
  };
}

function factOf(appId: string, event: unknown): HostFact[] {
  if (typeof event !== 'object' || event === null) return [];
  const { name, channel, user_id: userId } = event as Record<string, unknown>;
  if (!factTypes.has(name) || typeof channel !== 'string') return [];
  const fact = { type: name as HostFact['type'], appId, channel };
  return [typeof userId === 'string' ? { ...fact, userId } : fact];
}
