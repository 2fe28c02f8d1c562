import type { Connections } from '../../connection/connections.ts';
import type { Parts } from '../../connection/parts.ts';
import type { AllTopics } from '../topics.ts';
import { EventStreamTransport } from './event-stream.ts';
import { noOtherOwners, type SessionOwners } from './owners.ts';
import type { HttpBounds, TransportRequest } from './request.ts';
import { HttpSessions } from './sessions.ts';
import { XhrTransport } from './xhr.ts';

/** All transports on plain HTTP. One for all listeners: a session's requests may come by any of them. */
export class HttpTransport {
  readonly #xhr: XhrTransport;
  readonly #eventStream: EventStreamTransport;

  constructor(
    parts: Parts,
    connections: Connections,
    topics: AllTopics,
    bounds: HttpBounds,
    owners: SessionOwners = noOtherOwners,
  ) {
    const sessions = new HttpSessions(parts, connections, topics, bounds);
    this.#xhr = new XhrTransport(parts, sessions, bounds, owners);
    this.#eventStream = new EventStreamTransport(parts, sessions, bounds, owners);
  }

  /** @returns null for a path that is none of its own */
  answer(call: TransportRequest): Promise<Response> | Response | null {
    return this.#xhr.answer(call) ?? this.#eventStream.answer(call);
  }

  /** Polling clients that have not heard yet that their connection was closed: each will with its next poll. */
  get unfetched(): number {
    return this.#xhr.unfetched;
  }

  /** Connections by transport. */
  counts(): Map<string, number> {
    const counts = new Map([
      ['xhr_streaming', 0],
      ['xhr_polling', 0],
    ]);
    this.#xhr.countInto(counts);
    this.#eventStream.countInto(counts);
    return counts;
  }
}

/** Whether a path is for this transport, before anything else is known of the request. */
export function isTransportPath(path: string): boolean {
  return path.startsWith('/pusher/app/') || (path.startsWith('/app/') && /^\/app\/[^/]+\/events/.test(path));
}
