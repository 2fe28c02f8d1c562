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
import type { Chain } from './chain.ts';
import { Misses } from './misses.ts';
import { noOtherOwners, type SessionOwners } from './owners.ts';
import { PollReceiver, type Receiver, StreamReceiver } from './receivers.ts';
import {
  decodeText,
  HeldRequest,
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

/** As pusher-js has it. */
const responseCharactersMax = 256 * 1024;

/** Not shorter than a slow preflight and a POST, not longer, because a reload meets its own ghost for so long. */
const usualGraceMs = 5_000;

/** pusher-js sends one at a time. More would be many small ones that keep the loop busy in one go. */
const messagesPerSendMax = 1_000;

/** A session with what tells whether a later request is of the same client. */
interface Known {
  readonly session: HttpSession;
  readonly origin: string | null;
  /** Of the client that opened it. */
  readonly address: string;
}

/** pusher-js's own fallbacks, `xhr_streaming` and `xhr_polling` (HTTP-1 to HTTP-9). */
export class XhrTransport {
  readonly #parts: Parts;
  readonly #sessions: HttpSessions;
  readonly #messageBytesMax: number;
  readonly #bodyBytesMax: number;
  readonly #misses: Misses;
  readonly #owners: SessionOwners;
  readonly #framings: Readonly<Record<'xhr' | 'xhr_streaming', Framing>>;
  readonly #known = new Map<string, Known>();

  constructor(parts: Parts, sessions: HttpSessions, bounds: HttpBounds, owners: SessionOwners) {
    this.#owners = owners;
    this.#parts = parts;
    this.#sessions = sessions;
    this.#messageBytesMax = bounds.messageBytesMax;
    // Quotes and backslashes of a message are escaped once more.
    this.#bodyBytesMax = 2 * bounds.messageBytesMax + 1_024;
    const framing = {
      messages: (chain: Chain) => chain.sockJs,
      responseCharactersMax,
      heartbeat: heartbeatFrame,
      close: closeFrame,
      graceMs: bounds.grace?.ms ?? usualGraceMs,
      quietClient: false,
    };
    this.#framings = {
      xhr: { ...framing, transport: 'xhr_polling' },
      xhr_streaming: { ...framing, transport: 'xhr_streaming' },
    };
    this.#misses = new Misses(parts.clock);
    owners.onMissed((address) => this.#misses.count(address));
  }

  /** Sessions by transport. A pass over all of them, for the metrics. */
  countInto(counts: Map<string, number>): void {
    for (const { session } of this.#known.values()) {
      const { connection, transport } = session;
      if (connection?.closed === false) counts.set(transport, (counts.get(transport) ?? 0) + 1);
    }
  }

  /** Sessions that were closed and whose client has not fetched that yet. A pass over all of them, for the drain. */
  get unfetched(): number {
    let count = 0;
    for (const { session } of this.#known.values()) if (session.closing !== null) count++;
    return count;
  }

  /** @returns null for a path that is not one of a session */
  answer(call: TransportRequest): Promise<Response> | Response | null {
    const path = parseSessionPath(call.path);
    if (path === null) return null;
    const { request } = call;
    if (request.method === 'OPTIONS') return preflight(request, 'POST, OPTIONS');
    if (request.method !== 'POST')
      return plain(405, 'This address takes POST only', { Allow: 'POST, OPTIONS' });
    if (this.#owners !== noOtherOwners && !call.isForwarded && !this.#known.has(idOf(path))) {
      return this.#fromAnywhere(call, path);
    }
    return this.#here(call, path);
  }

  #here(call: TransportRequest, path: SessionPath): Promise<Response> | Response {
    return path.request === 'xhr_send' ? this.#send(call, path) : this.#receive(call, path, path.request);
  }

  /** Another worker may have the session. */
  async #fromAnywhere(call: TransportRequest, path: SessionPath): Promise<Response> {
    const id = idOf(path);
    const isSend = path.request === 'xhr_send';
    const owner = await (isSend ? this.#owners.find(id) : this.#owners.claim(id));
    if (owner === null) return this.#here(call, path);
    if (!isSend) return this.#owners.forward(owner, call, null);
    const body = await readBody(call.request, this.#bodyBytesMax);
    if (body === 'too large') return plain(413, `The body is larger than ${this.#bodyBytesMax} bytes`);
    return this.#owners.forward(owner, call, body === 'incomplete' ? new Uint8Array() : body);
  }

  #receive(
    call: TransportRequest,
    path: SessionPath,
    kind: 'xhr' | 'xhr_streaming',
  ): Promise<Response> | Response {
    const { origin } = call;
    const known = this.#known.get(idOf(path));
    if (known === undefined) return this.#attach(call, this.#open(call, path, kind, origin), kind);
    if (known.origin !== origin || this.#isGuessing(call, known)) {
      this.#missed(call.client.address);
      return plain(404, 'There is no such session');
    }
    // A blank line counts as life to the client, and makes the head of the response leave at once.
    if (kind === 'xhr_streaming') known.session.writeControl('\n');
    return this.#attach(call, known.session, kind);
  }

  #open(
    call: TransportRequest,
    path: SessionPath,
    kind: 'xhr' | 'xhr_streaming',
    origin: string | null,
  ): HttpSession {
    const id = idOf(path);
    const session = new HttpSession(this.#sessions, this.#framings[kind], () => {
      this.#known.delete(id);
      this.#owners.release(id);
    });
    session.writeControl(kind === 'xhr' ? openFrame : prelude + openFrame);
    session.connection = this.#sessions.connections.open(session, {
      key: path.key,
      query: new URLSearchParams(call.query),
      address: call.client.address,
      origin,
      secure: call.client.secure,
      hostAllowed: call.hostAllowed,
    });
    this.#known.set(id, { session, origin, address: call.client.address });
    return session;
  }

  #attach(
    call: TransportRequest,
    session: HttpSession,
    kind: 'xhr' | 'xhr_streaming',
  ): Promise<Response> | Response {
    this.#isAlive(session);
    const held = new HeldRequest(call);
    const gone = (receiver: Receiver) => session.detach(receiver);
    const receiver =
      kind === 'xhr'
        ? new PollReceiver(held, receiveHeaders, gone)
        : new StreamReceiver(held, receiveHeaders, this.#sessions.outboxBytes, gone);
    session.attach(receiver);
    return receiver.response;
  }

  async #send(call: TransportRequest, path: SessionPath): Promise<Response> {
    const { address } = call.client;
    const known = this.#known.get(idOf(path));
    const connection = known?.session.connection ?? null;
    if (known === undefined || connection === null || connection.closed || this.#isGuessing(call, known)) {
      this.#missed(address);
      return this.#misses.tooMany(address)
        ? plain(429, 'Too many requests for sessions that do not exist')
        : plain(404, 'There is no such session');
    }
    const body = await readBody(call.request, this.#bodyBytesMax);
    if (body === 'too large') return plain(413, `The body is larger than ${this.#bodyBytesMax} bytes`);
    const messages = body === 'incomplete' ? null : parseSend(decodeText(body) ?? '');
    if (messages === null) return plain(400, 'Expected a JSON array of strings, each of them a message');
    if (messages.some((message) => Buffer.byteLength(message) > this.#messageBytesMax)) {
      return plain(413, `A message is larger than ${this.#messageBytesMax} bytes`);
    }
    if (messages.length > messagesPerSendMax) {
      return plain(413, `Expected at most ${messagesPerSendMax} messages, found ${messages.length}`);
    }
    if (connection.closed) return plain(404, 'The session ended while the body was on its way');
    this.#isAlive(known.session);
    if (messages.length === 0) known.session.answerAlive(aliveFrame);
    for (const message of messages) receive(this.#parts, connection, message);
    return new Response(null, { status: 204, headers: openToAll });
  }

  /**
   * Whether a request for a session that exists is treated as if it did not: its address has missed too often, and is not
   * the one that opened the session. Clients behind one proxy share an address, and must not lose theirs by the
   * misses of others.
   */
  #isGuessing({ client }: TransportRequest, known: Known): boolean {
    return known.address !== client.address && this.#misses.tooMany(client.address);
  }

  #missed(address: string): void {
    this.#misses.count(address);
    this.#owners.missed(address);
  }

  #isAlive(session: HttpSession): void {
    if (session.connection !== null) session.connection.lastInboundAt = this.#parts.clock.monotonic();
  }
}

/** A session belongs to its app: the same numbers under another key are another session. */
function idOf({ key, server, session }: SessionPath): string {
  return `${key}/${server}/${session}`;
}
