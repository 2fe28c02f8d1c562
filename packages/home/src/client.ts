import type Pusher from 'pusher-js';

export type { Channel, default as Client, PresenceChannel } from 'pusher-js';

/**
 * Stock pusher-js, as everyone else gets it, connected to the server in whose folder `home` the page lies.
 * `windowId` tells windows apart; the authoriser makes a name of it.
 */
export async function connectClient(home: URL, key: string, windowId: string): Promise<Pusher> {
  // It defines a global. Loaded as a module it needs no exception from Trusted Types, as a script element would.
  const address = new URL('client/pusher.min.js', home);
  await import(address.href);
  const { Pusher: Client } = globalThis as { Pusher?: typeof Pusher };
  if (Client === undefined) throw new Error(`${address.pathname} has defined no Pusher`);
  return new Client(key, options(home, windowId));
}

/** Every host is set: with one of them missing pusher-js would ask Pusher's cloud. */
function options(home: URL, windowId: string): ConstructorParameters<typeof Pusher>[1] {
  const tls = home.protocol === 'https:';
  const port = Number(home.port) || (tls ? 443 : 80);
  const prefix = home.pathname.replace(/\/$/, '');
  return {
    cluster: 'earshot',
    wsHost: home.hostname,
    wsPort: port,
    wssPort: port,
    wsPath: prefix,
    httpHost: home.hostname,
    httpPort: port,
    httpsPort: port,
    httpPath: `${prefix}/pusher`,
    forceTLS: tls,
    enableStats: false,
    enabledTransports: ['ws', 'wss', 'xhr_streaming', 'xhr_polling'],
    channelAuthorization: {
      endpoint: new URL('demo/auth', home).href,
      transport: 'ajax',
      params: { window: windowId },
    },
  };
}
