import { BlockList, isIP } from 'node:net';

/** What is known of who sends a request. */
export interface Client {
  /** The client's address: the socket's, or what a trusted proxy says. */
  readonly address: string;
  /** Whether the client's own connection is encrypted. */
  readonly secure: boolean;
  /** The host the client asked for, with the port if there is one; '' when it named none. */
  readonly host: string;
}

const loopbackNames = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Reads `X-Forwarded-For`, `-Proto` and `-Host`, but only from proxies on the list (`EARSHOT_TRUSTED_PROXIES`). */
export class Clients {
  readonly #proxies = new BlockList();
  readonly #trustsSome: boolean;

  /** @param trustedProxies addresses and ranges, checked by `config.ts` */
  constructor(trustedProxies: readonly string[]) {
    this.#trustsSome = trustedProxies.length > 0;
    for (const range of trustedProxies) {
      const [address = '', bits] = range.split('/');
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
      if (bits === undefined) this.#proxies.addAddress(address, family);
      else this.#proxies.addSubnet(address, Number(bits), family);
    }
  }

  /** @param remote the other end of the socket @param secure whether the socket is encrypted */
  of(headers: Headers, remote: string, secure: boolean): Client {
    const direct = { address: withoutMapping(remote), secure, host: headers.get('host') ?? '' };
    if (!this.#trusts(direct.address)) return direct;
    const proto = lastOf(headers.get('x-forwarded-proto'));
    return {
      address: this.#firstUntrusted(headers.get('x-forwarded-for'), direct.address),
      secure: proto === null ? secure : proto === 'https' || proto === 'wss',
      host: lastOf(headers.get('x-forwarded-host')) ?? direct.host,
    };
  }

  /** Like `of`, but the host alone: to ask for the other end of a socket costs more than all else here. */
  hostOf(headers: Headers, remote: () => string): string {
    return this.#trustsSome ? this.of(headers, remote(), false).host : (headers.get('host') ?? '');
  }

  #trusts(address: string): boolean {
    const version = isIP(address);
    return version !== 0 && this.#proxies.check(address, version === 6 ? 'ipv6' : 'ipv4');
  }

  /** Each proxy appends whom it heard from, so the list is to be believed from its end, as far as proxies go. */
  #firstUntrusted(forwardedFor: string | null, nearest: string): string {
    let address = nearest;
    for (const hop of (forwardedFor ?? '').split(',').reverse()) {
      const candidate = withoutMapping(hop.trim());
      if (isIP(candidate) === 0) break;
      address = candidate;
      if (!this.#trusts(candidate)) break;
    }
    return address;
  }
}

/**
 * Says why a request for a host must not be answered, or null. A server that only this machine can reach answers only
 * to names of this machine and to its public one, so that no page elsewhere can reach it through a name of its own
 * (DNS rebinding).
 * @param boundTo the address that the server listens on
 */
export function hostGuard(boundTo: string, publicUrl: string | null): (host: string) => string | null {
  if (!isLoopback(boundTo)) return () => null;
  const publicName = publicUrl === null ? null : new URL(publicUrl).hostname;
  return (host) => {
    const name = host.toLowerCase().replace(/:\d+$/, '');
    if (loopbackNames.has(name) || name === publicName || /^127\.\d+\.\d+\.\d+$/.test(name)) return null;
    return `This server listens on ${boundTo} only and does not answer to the host "${host.slice(0, 100)}". Set EARSHOT_PUBLIC_URL to the address that people use for it.`;
  };
}

export function isLoopback(address: string): boolean {
  return address === 'localhost' || address === '::1' || address.startsWith('127.');
}

function lastOf(header: string | null): string | null {
  return header?.split(',').at(-1)?.trim() || null;
}

/** IPv4 as a dual-stack socket shows it. */
function withoutMapping(address: string): string {
  return address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
}
