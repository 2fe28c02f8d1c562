import type { Certificate } from './certificate.ts';

/** A reverse proxy in front of a server, set up as the manual of each tells everybody to. */
export interface ProxyOptions {
  /** For its configuration and whatever it writes. */
  readonly folder: string;
  /** The server's port on 127.0.0.1. */
  readonly upstreamPort: number;
  /** A connection on which nothing moves for so long is cut. */
  readonly idleSeconds: number;
  /** Given, the proxy speaks TLS with its clients; with the server it never does. */
  readonly certificate?: Certificate | undefined;
  /** Takes the headers of WebSocket upgrades away, as some companies' proxies do; the server sees plain requests. */
  readonly blocksWebSockets?: boolean | undefined;
  /** Passes a response on when it is whole, so nothing of a stream arrives. HAProxy only: nginx does not, whatever it is told. */
  readonly buffersResponses?: boolean | undefined;
}
