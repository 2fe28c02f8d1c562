import type { Clock } from '@earshot/base';
import type { Server } from 'bun';
import type { Client } from '../../http/client.ts';

/** A request for an HTTP transport, as the listener's routes give it. */
export interface TransportRequest {
  readonly request: Request;
  /** Below the prefix. */
  readonly path: string;
  readonly query: string;
  readonly client: Client;
  /** The page that asks; null for one of the server's own, and for what is no browser. */
  readonly origin: string | null;
  readonly hostAllowed: boolean;
  /** Came by another worker, which knew that the session is here. */
  readonly isForwarded?: boolean;
  /** Bun's server: it must not end a response for being quiet. */
  readonly server: Pick<Server<unknown>, 'timeout'>;
}

export interface HttpBounds {
  /** What may wait for one client; beyond it the client is cut (BAD-6). */
  readonly outboxBytes: number;
  /** Of one message from a client. */
  readonly messageBytesMax: number;
  /** How long a session lives on without a response to write to; null: as is right for its kind. */
  readonly grace: { readonly ms: number; readonly clock: Clock } | null;
}

/** A request whose response may be quiet for as long as nothing happens; `Liveness` decides when its client is gone. */
export class HeldRequest {
  readonly #request: Request;
  readonly #server: TransportRequest['server'];

  constructor(call: Pick<TransportRequest, 'request' | 'server'>) {
    this.#request = call.request;
    this.#server = call.server;
    this.#server.timeout(this.#request, 0);
  }

  /** Nothing more comes: from now on the connection is one like any other, else an unread rest would stay for ever. */
  letGo(seconds: number): void {
    this.#server.timeout(this.#request, seconds);
  }

  onAbort(gone: () => void): void {
    whenAborted(this.#request.signal, gone);
  }
}

/** Calls `gone` once, later: the client may have gone while it was being found out whose session this is. */
export function whenAborted(signal: AbortSignal, gone: () => void): void {
  if (signal.aborted) queueMicrotask(gone);
  else signal.addEventListener('abort', gone, { once: true });
}

const preflightSeconds = 86_400;

/** Every page may ask: there are no cookies, and origins are looked at when the connection is made (HTTP-9). */
export const openToAll = { 'Access-Control-Allow-Origin': '*' };

/** Answers a preflight without looking anything up. */
export function preflight(request: Request, methods: string): Response {
  return new Response(null, {
    status: 204,
    headers: {
      ...openToAll,
      'Access-Control-Allow-Methods': methods,
      'Access-Control-Allow-Headers': request.headers.get('Access-Control-Request-Headers') ?? 'content-type',
      'Access-Control-Max-Age': `${preflightSeconds}`,
    },
  });
}

/** Headers of what must reach the client piece by piece, through any proxy. */
export const unbuffered = {
  ...openToAll,
  'Cache-Control': 'no-store, no-cache, no-transform, must-revalidate, max-age=0',
  'X-Accel-Buffering': 'no',
};

export function plain(status: number, message: string, headers: Record<string, string> = {}): Response {
  return new Response(`${message}\n`, {
    status,
    headers: { ...openToAll, 'Content-Type': 'text/plain; charset=utf-8', ...headers },
  });
}

// A byte order mark is no part of JSON, and stays to be refused.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Null: it is not UTF-8. */
export function decodeText(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}
