import {
  aliveFrame,
  closeFrame,
  heartbeatFrame,
  openFrame,
  parseSend,
  parseSessionPath,
  prelude,
  type SessionPath,
} from '@earshot/protocol';
import { receive } from '../../connection/inbox.ts';
import type { Parts } from '../../connection/parts.ts';
import { readBody } from '../../http/body.ts';
import { Misses } from './misses.ts';
import { PollReceiver, type Receiver, StreamReceiver } from './receivers.ts';
import {
  decodeText,
  type HttpBounds,
  openToAll,
  plain,
  preflight,
  type TransportRequest,
  unbuffered,
} from './request.ts';
import { type Framing, HttpSession } from './session.ts';
import type { HttpSessions } from './sessions.ts';

const receiveHeaders = { ...unbuffered, 'Content-Type': 'application/javascript; charset=UTF-8' };

/** Not shorter than a slow preflight and a POST, not longer, because a reload meets its own ghost for so long. */
const usualGraceMs = 5_000;

/** A session with what tells whether a later request is of the same client. */
interface Known {
  readonly session: HttpSession;
  readonly origin: string | null;
  readonly transport: 'xhr_streaming' | 'xhr_polling';
}

/** pusher-js's own fallbacks, `xhr_streaming` and `xhr_polling` (HTTP-1 to HTTP-9). */
export class XhrTransport {
  readonly #parts: Parts;
  readonly #sessions: HttpSessions;
  readonly #messageBytesMax: number;
  readonly #bodyBytesMax: number;
  readonly #misses: Misses;
  readonly #framing: Framing;
  readonly #known = new Map<string, Known>();

  constructor(parts: Parts, sessions: HttpSessions, bounds: HttpBounds) {
    this.#parts = parts;
    this.#sessions = sessions;
    this.#messageBytesMax = bounds.messageBytesMax;
    // Quotes and backslashes of a message are escaped once more.
    this.#bodyBytesMax = 2 * bounds.messageBytesMax + 1_024;
    this.#framing = {
      messages: (chain) => chain.sockJsBytes,
      heartbeat: heartbeatFrame,
      close: closeFrame,
      graceMs: bounds.grace?.ms ?? usualGraceMs,
      quietClient: false,
    };
    this.#misses = new Misses(parts.clock);
  }

  /** Sessions by transport. A pass over all of them, for the metrics. */
  countInto(counts: Map<string, number>): void {
    for (const { session, transport } of this.#known.values()) {
      if (session.connection?.closed === false) counts.set(transport, (counts.get(transport) ?? 0) + 1);
    }
  }

  /** @returns null for a path that is not one of a session */
  answer(call: TransportRequest): Promise<Response> | Response | null {
    const path = parseSessionPath(call.path);
    if (path === null) return null;
    const { request } = call;
    if (request.method === 'OPTIONS') return preflight(request, 'POST, OPTIONS');
    if (request.method !== 'POST')
      return plain(405, 'This address takes POST only', { Allow: 'POST, OPTIONS' });
    return path.request === 'xhr_send' ? this.#send(call, path) : this.#receive(call, path, path.request);
  }

  #receive(
    call: TransportRequest,
    path: SessionPath,
    kind: 'xhr' | 'xhr_streaming',
  ): Promise<Response> | Response {
    const { request, server } = call;
    server.timeout(request, 0); // quiet for as long as nothing happens; `Liveness` decides
    const origin = request.headers.get('origin');
    const known = this.#known.get(idOf(path));
    if (known !== undefined && known.origin !== origin) {
      this.#misses.count(call.client.address);
      return plain(404, 'There is no such session');
    }
    if (known !== undefined) {
      // A blank line counts as life to the client, and makes the head of the response leave at once.
      if (kind === 'xhr_streaming') known.session.writeControl('\n');
      return this.#attach(request, known.session, kind);
    }
    return this.#attach(request, this.#open(call, path, kind, origin), kind);
  }

  #open(
    call: TransportRequest,
    path: SessionPath,
    kind: 'xhr' | 'xhr_streaming',
    origin: string | null,
  ): HttpSession {
    const id = idOf(path);
    const session = new HttpSession(this.#sessions, this.#framing, () => this.#known.delete(id));
    const transport = kind === 'xhr' ? 'xhr_polling' : 'xhr_streaming';
    this.#known.set(id, { session, origin, transport });
    session.writeControl(kind === 'xhr' ? openFrame : prelude + openFrame);
    session.connection = this.#sessions.connections.open(session, {
      key: path.key,
      query: new URLSearchParams(call.query),
      origin,
      secure: call.client.secure,
      hostAllowed: call.hostAllowed,
    });
    return session;
  }

  #attach(
    request: Request,
    session: HttpSession,
    kind: 'xhr' | 'xhr_streaming',
  ): Promise<Response> | Response {
    this.#isAlive(session);
    let receiver: Receiver;
    let response: Promise<Response> | Response;
    if (kind === 'xhr') {
      const poll = new PollReceiver(receiveHeaders);
      [receiver, response] = [poll, poll.response];
    } else {
      const stream = new StreamReceiver(receiveHeaders, this.#sessions.outboxBytes, () =>
        session.detach(stream),
      );
      [receiver, response] = [stream, stream.response];
    }
    request.signal.addEventListener('abort', () => session.detach(receiver), { once: true });
    session.attach(receiver);
    return response;
  }

  async #send(call: TransportRequest, path: SessionPath): Promise<Response> {
    const { address } = call.client;
    if (this.#misses.tooMany(address)) return plain(429, 'Too many requests for unknown sessions');
    const known = this.#known.get(idOf(path));
    const connection = known?.session.connection ?? null;
    if (known === undefined || connection === null || connection.closed) {
      this.#misses.count(address);
      return plain(404, 'There is no such session');
    }
    const body = await readBody(call.request, this.#bodyBytesMax);
    if (body === 'too large') return plain(413, `The body is larger than ${this.#bodyBytesMax} bytes`);
    const messages = body === 'incomplete' ? null : parseSend(decodeText(body) ?? '');
    if (messages === null) return plain(400, 'Expected a JSON array of strings, each of them a message');
    if (messages.some((message) => Buffer.byteLength(message) > this.#messageBytesMax)) {
      return plain(413, `A message is larger than ${this.#messageBytesMax} bytes`);
    }
    this.#isAlive(known.session);
    if (messages.length === 0) known.session.answerAlive(aliveFrame);
    for (const message of messages) receive(this.#parts, connection, message);
    return new Response(null, { status: 204, headers: openToAll });
  }

  #isAlive(session: HttpSession): void {
    if (session.connection !== null) session.connection.lastInboundAt = this.#parts.clock.monotonic();
  }
}

/** A session belongs to its app: the same numbers under another key are another session. */
function idOf({ key, server, session }: SessionPath): string {
  return `${key}/${server}/${session}`;
}
