import type { Transport } from '@earshot/dashboard';
import type { Listener } from '../channels/channel.ts';

/** Why a client was cut that let more wait than it may; it does not hear that itself. */
export const tooSlow = 'Cut: read too slowly';

/**
 * What a transport gives a connection. It moves frames and knows no channel: topics are just names.
 * Every call is harmless after the socket closed.
 */
export interface Socket extends Listener {
  readonly transport: Transport;
  /** What waits to be written to the client, in bytes or nearly so. */
  readonly queuedBytes: number;
  /** Sends one frame. What does not fit the transport's bound cuts the connection, it never grows. */
  send(frame: string): void;
  /** Closes after what was sent has been written. */
  close(code: number, reason: string): void;
  /** Asks for a sign of life in the transport's own way. */
  ping(): void;
}

/** What a client asked for when it connected, as the transport read it. */
export interface Handshake {
  /** The app key from the path; null when the path is not that of a connection. */
  readonly key: string | null;
  readonly query: URLSearchParams;
  /** The client's own address, as far as proxies are to be believed. */
  readonly address: string;
  /** The `Origin` header; null from clients that are no browser. */
  readonly origin: string | null;
  /** Whether the client's own connection is encrypted, as seen here or told by a trusted proxy. */
  readonly secure: boolean;
  /** Whether the host that the client asked for is one of this server's (DNS rebinding). */
  readonly hostAllowed: boolean;
}
