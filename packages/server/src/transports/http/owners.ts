import type { TransportRequest } from './request.ts';

/** Which worker has an HTTP session, where several share a port and a request may come to any of them. */
export interface SessionOwners {
  /** Takes the session for this worker unless another has it. @returns the other one, or null */
  claim(id: string): Promise<string | null>;
  /** Says that a session has just begun here, under a name that nobody else can know. */
  claimed(id: string): void;
  /** @returns the other worker that has it; null: none */
  find(id: string): Promise<string | null>;
  release(id: string): void;
  /** An address has asked for a session that does not exist. */
  missed(address: string): void;
  /** The same at another worker. */
  onMissed(listener: (address: string) => void): void;
  /**
   * Has the request answered by its owner.
   * @param body null: it has none
   * @param gone answers when the owner has died; without it the answer is that there is no such session
   */
  forward(
    owner: string,
    call: TransportRequest,
    body: Uint8Array | null,
    gone?: () => Response | Promise<Response>,
  ): Promise<Response>;
}

/** Of a server that is alone. */
export const noOtherOwners: SessionOwners = {
  claim: async () => null,
  claimed() {},
  find: async () => null,
  release() {},
  missed() {},
  onMissed() {},
  forward: () => Promise.reject(new Error('there is no other worker')),
};

const header = 'x-earshot-forwarded';

/** What a worker says of a request that it passes on. Only the local socket of the workers is believed. */
type Forwarded = Pick<TransportRequest, 'path' | 'query' | 'client' | 'origin' | 'hostAllowed'>;

export function forwardedHeaders(call: Forwarded): Record<string, string> {
  const { path, query, client, origin, hostAllowed } = call;
  // Headers hold Latin letters only.
  return { [header]: encodeURIComponent(JSON.stringify({ path, query, client, origin, hostAllowed })) };
}

export function readForwarded(headers: Headers): Forwarded {
  return JSON.parse(decodeURIComponent(headers.get(header) ?? ''));
}
