import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Clock } from '@earshot/base';
import { classOf } from './addresses.ts';

/** What a request may cost. */
export interface OutboundBounds {
  /** Of the answer's body. */
  readonly bytesMax: number;
  /** From the call to the last byte, looking up the name included. */
  readonly timeoutMs: number;
  /** What an answer has beyond `bytesMax` is left unread, instead of being a failure. Only the status matters then. */
  readonly cut?: boolean;
  /** `http://` will do, though private addresses are not allowed. */
  readonly plainHttp?: boolean;
}

export interface OutboundInit {
  readonly method?: string;
  readonly headers?: HeadersInit;
  readonly body?: string | Uint8Array<ArrayBuffer> | URLSearchParams | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The one way out for every address that the server was told to call: providers of sign-in, push endpoints, report URLs.
 *
 * The name is looked up once and the connection goes to what was found, so that a name cannot change its meaning between
 * check and use. An address of this machine, its network or a cloud's metadata is refused; so is a name that has both
 * kinds of addresses. A redirect is never followed: the answer is given as it is. Bodies come uncompressed.
 */
export interface Outbound {
  /**
   * @returns the answer, its body read completely
   * @throws OutboundError which says why there is none; its text names the host and nothing else of the address
   */
  fetch(url: string | URL, init: OutboundInit, bounds: OutboundBounds): Promise<Response>;
  /**
   * Whether `fetch` would call the address now, found out without calling it.
   * @throws OutboundError as `fetch` does
   */
  check(url: string | URL, bounds: Pick<OutboundBounds, 'timeoutMs' | 'plainHttp'>): Promise<void>;
}

/** Why there is no answer. `refused`: it will never be called; the others may go better another time. */
export type OutboundFailure = 'refused' | 'unreachable' | 'timeout' | 'too_large';

export class OutboundError extends Error {
  override readonly name = 'OutboundError';
  constructor(
    readonly code: OutboundFailure,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The addresses of a name. Like `lookup` of `node:dns/promises` with `all`. */
export type AddressLookup = (host: string) => Promise<readonly string[]>;

export interface OutboundOptions {
  readonly clock: Clock;
  /**
   * Whoever runs the server allows addresses of its machine and network, and `http://`
   * (EARSHOT_WEBHOOK_PRIVATE_ADDRESSES). Link-local addresses and a cloud's metadata stay refused.
   */
  readonly allowPrivate: boolean;
  readonly lookup?: AddressLookup;
  /** Certificate authorities, PEM, besides those that the system trusts. */
  readonly ca?: string;
}

const systemLookup: AddressLookup = async (host) =>
  (await lookup(host, { all: true })).map(({ address }) => address);

const emptyStatuses = [204, 205, 304];

export function createOutbound(options: OutboundOptions): Outbound {
  const { clock, allowPrivate, ca } = options;
  const find = options.lookup ?? systemLookup;

  /** Addresses that may be connected to, in the order to try. */
  async function addressesOf(url: URL, plainHttp: boolean): Promise<readonly string[]> {
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && (plainHttp || allowPrivate))) {
      throw new OutboundError('refused', `${host}: expected an address that begins with https://`);
    }
    if (url.username !== '' || url.password !== '') {
      throw new OutboundError('refused', `${host}: expected an address without user name and password`);
    }
    const addresses = isIP(host) === 0 ? await resolved(host) : [host];
    for (const address of addresses) {
      const found = classOf(address);
      if (found === 'public' || (found === 'private' && allowPrivate)) continue;
      const remedy =
        found === 'private' ? 'Allow it with EARSHOT_WEBHOOK_PRIVATE_ADDRESSES' : 'It is never called';
      throw new OutboundError('refused', `${host}: its address is not a public one. ${remedy}`);
    }
    return addresses;
  }

  async function resolved(host: string): Promise<readonly string[]> {
    let addresses: readonly string[] = [];
    try {
      addresses = await find(host);
    } catch (cause) {
      throw new OutboundError('unreachable', `${host}: the name cannot be looked up`, { cause });
    }
    if (addresses.length === 0) throw new OutboundError('unreachable', `${host}: the name has no address`);
    return addresses;
  }

  async function call(url: URL, init: OutboundInit, bounds: OutboundBounds, signal: AbortSignal) {
    const addresses = await orAborted(addressesOf(url, bounds.plainHttp ?? false), signal);
    const headers = new Headers(init.headers);
    headers.set('Host', url.host);
    headers.set('Accept-Encoding', 'identity');
    let refused: unknown;
    for (const address of addresses) {
      const target = new URL(url);
      target.hostname = isIP(address) === 6 ? `[${address}]` : address;
      try {
        const answer = await fetch(target, {
          method: init.method ?? 'GET',
          headers,
          body: init.body ?? null,
          redirect: 'manual',
          // A connection is made for this name alone: two names may share an address.
          keepalive: false,
          decompress: false,
          signal,
          ...(url.protocol === 'https:'
            ? { tls: { serverName: serverNameOf(url), ...(ca === undefined ? {} : { ca }) } }
            : {}),
        });
        return await wholeOf(answer, url, bounds);
      } catch (error) {
        if (error instanceof OutboundError || !wasNotReached(error)) throw error;
        refused = error;
      }
    }
    throw refused;
  }

  return {
    async check(address, bounds) {
      const url = parsed(address);
      const stop = new AbortController();
      const timer = clock.after(bounds.timeoutMs, () => {
        const said = `${url.hostname}: the name was not looked up within ${bounds.timeoutMs} ms`;
        stop.abort(new OutboundError('timeout', said));
      });
      try {
        await orAborted(addressesOf(url, bounds.plainHttp ?? false), stop.signal);
      } finally {
        timer.cancel();
      }
    },
    async fetch(address, init, bounds) {
      const url = parsed(address);
      const stop = new AbortController();
      const timer = clock.after(bounds.timeoutMs, () => stop.abort());
      try {
        const signal = AbortSignal.any([stop.signal, ...(init.signal == null ? [] : [init.signal])]);
        return await call(url, init, bounds, signal);
      } catch (error) {
        if (error instanceof OutboundError) throw error;
        if (stop.signal.aborted) {
          const said = `${url.hostname}: no complete answer within ${bounds.timeoutMs} ms`;
          throw new OutboundError('timeout', said);
        }
        if (init.signal?.aborted) throw error;
        const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
        throw new OutboundError('unreachable', `${url.hostname}: there was no answer${code}`);
      } finally {
        timer.cancel();
        // Ends what is still under way, such as a body that was too large.
        stop.abort();
      }
    },
  };
}

function parsed(address: string | URL): URL {
  if (!URL.canParse(`${address}`)) throw new OutboundError('refused', 'Expected an absolute address');
  return new URL(`${address}`);
}

/** Certificates are checked against this name. An address is its own. */
function serverNameOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}

/** The connection was never made, so that another address of the name can be tried without asking twice. */
function wasNotReached(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    ['ConnectionRefused', 'FailedToOpenSocket', 'ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH'].includes(
      String(error.code),
    )
  );
}

async function wholeOf(answer: Response, url: URL, { bytesMax, cut }: OutboundBounds): Promise<Response> {
  const encoding = answer.headers.get('Content-Encoding') ?? 'identity';
  if (encoding.toLowerCase() !== 'identity' && cut !== true) {
    throw new OutboundError(
      'unreachable',
      `${url.hostname}: the answer is compressed, which was not asked for`,
    );
  }
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of answer.body ?? []) {
    size += part.byteLength;
    if (size >= bytesMax && cut === true) {
      parts.push(part.subarray(0, part.byteLength - (size - bytesMax)));
      break;
    }
    if (size > bytesMax) {
      throw new OutboundError('too_large', `${url.hostname}: the answer has more than ${bytesMax} bytes`);
    }
    parts.push(part);
  }
  const body = emptyStatuses.includes(answer.status) ? null : Buffer.concat(parts);
  return new Response(body, {
    status: answer.status,
    statusText: answer.statusText,
    headers: answer.headers,
  });
}

function orAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    work.then(resolve, reject);
  });
}
