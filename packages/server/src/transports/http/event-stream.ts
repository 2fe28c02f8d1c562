import { timingSafeEqual } from 'node:crypto';
import { eventStreamComment, eventStreamNotice, needsSignature, parseChannelName } from '@earshot/protocol';
import { receive } from '../../connection/inbox.ts';
import type { Parts } from '../../connection/parts.ts';
import { readBody } from '../../http/body.ts';
import { parseEventId } from './event-batch.ts';
import { EventMemory, randomText } from './event-memory.ts';
import { noOtherOwners, type SessionOwners } from './owners.ts';
import { type Receiver, StreamReceiver } from './receivers.ts';
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

const streamHeaders = { ...unbuffered, 'Content-Type': 'text/event-stream; charset=utf-8' };
const handshakeQuery = new URLSearchParams({ protocol: '7', client: 'event-stream' });

/** A browser comes back after `retryMs`; until the session ends it can go on where it was. */
const retryMs = 1_000;
const laterMs = 5_000;
const usualGraceMs = 10_000;
const channelsMax = 100;

const eventsPath = /^\/app\/([^/]+)\/events(?:\/(\d+\.\d+))?$/;

interface Known {
  readonly session: HttpSession;
  readonly memory: EventMemory;
  readonly key: string;
  readonly token: string;
}

/** Server-sent events: for anything that can read a stream (SSE-1 to SSE-8). */
export class EventStreamTransport {
  readonly #parts: Parts;
  readonly #sessions: HttpSessions;
  readonly #bodyBytesMax: number;
  readonly #graceMs: number;
  readonly #owners: SessionOwners;
  readonly #bySocketId = new Map<string, Known>();
  readonly #byMemory = new Map<string, Known>();

  constructor(parts: Parts, sessions: HttpSessions, bounds: HttpBounds, owners: SessionOwners) {
    this.#owners = owners;
    this.#parts = parts;
    this.#sessions = sessions;
    this.#bodyBytesMax = bounds.messageBytesMax;
    this.#graceMs = bounds.grace?.ms ?? usualGraceMs;
  }

  countInto(counts: Map<string, number>): void {
    counts.set('event_stream', this.#bySocketId.size);
  }

  /** @returns null for a path that is not one of event streams */
  answer(call: TransportRequest): Promise<Response> | Response | null {
    const [, key, socketId] = eventsPath.exec(call.path) ?? [];
    if (key === undefined) return null;
    const { method } = call.request;
    const wanted = socketId === undefined ? 'GET' : 'POST';
    if (method === 'OPTIONS') return preflight(call.request, `${wanted}, OPTIONS`);
    if (method !== wanted) {
      return plain(405, `This address takes ${wanted} only`, { Allow: `${wanted}, OPTIONS` });
    }
    if (this.#owners !== noOtherOwners && !call.isForwarded) {
      const elsewhere = this.#elsewhere(call, socketId);
      if (elsewhere !== null) return this.#fromAnywhere(call, key, socketId, elsewhere);
    }
    return this.#here(call, key, socketId);
  }

  #here(call: TransportRequest, key: string, socketId: string | undefined): Promise<Response> | Response {
    return socketId === undefined ? this.#open(call, key) : this.#send(call, key, socketId);
  }

  /** The name under which another worker may have the session that is asked for; null: it is here, or a new one. */
  #elsewhere(call: TransportRequest, socketId: string | undefined): string | null {
    if (socketId !== undefined) return this.#bySocketId.has(socketId) ? null : socketId;
    const last = parseEventId(call.request.headers.get('last-event-id') ?? '');
    return last === null || this.#byMemory.has(last.name) ? null : last.name;
  }

  async #fromAnywhere(
    call: TransportRequest,
    key: string,
    socketId: string | undefined,
    id: string,
  ): Promise<Response> {
    const owner = await this.#owners.find(id);
    if (owner === null) return this.#here(call, key, socketId);
    if (socketId === undefined) return this.#owners.forward(owner, call, null);
    const body = await readBody(call.request, this.#bodyBytesMax);
    if (body === 'too large') return plain(413, `The body is larger than ${this.#bodyBytesMax} bytes`);
    if (body === 'incomplete') return plain(400, 'The body did not arrive whole');
    return this.#owners.forward(owner, call, body);
  }

  #open(call: TransportRequest, key: string): Response {
    const channels = new URLSearchParams(call.query).getAll('channel');
    const refused = this.#refuseChannels(key, channels);
    if (refused !== null) return plain(400, refused);
    return this.#resume(call, key) ?? this.#start(call, key, channels);
  }

  /** A client that lost its stream, while its session waits for it. */
  #resume(call: TransportRequest, key: string): Response | null {
    const last = parseEventId(call.request.headers.get('last-event-id') ?? '');
    const known = last === null ? undefined : this.#byMemory.get(last.name);
    if (last === null || known === undefined || known.key !== key) return null;
    const missed = known.memory.after(last.number);
    if (missed === null) {
      known.session.abandon();
      return null;
    }
    const notice = this.#notice(known, { resumed: true, gap: false }, last.number);
    known.session.writeControl(notice + missed.toString());
    return this.#attach(call, known.session);
  }

  #start(call: TransportRequest, key: string, channels: readonly string[]): Response {
    const memory = new EventMemory();
    const session: HttpSession = new HttpSession(this.#sessions, framingOf(memory, this.#graceMs), () => {
      this.#byMemory.delete(memory.name);
      this.#owners.release(memory.name);
      const socketId = session.connection?.socketId;
      if (socketId === undefined) return;
      this.#bySocketId.delete(socketId);
      this.#owners.release(socketId);
    });
    const connection = this.#sessions.connections.open(session, {
      key,
      query: handshakeQuery,
      address: call.client.address,
      origin: call.origin,
      secure: call.client.secure,
      hostAllowed: call.hostAllowed,
    });
    if (connection === null) return this.#refusal(session);
    session.connection = connection;
    const known = { session, memory, key, token: randomText() };
    this.#byMemory.set(memory.name, known);
    this.#bySocketId.set(connection.socketId, known);
    this.#owners.claimed(memory.name);
    this.#owners.claimed(connection.socketId);
    const gap = call.request.headers.has('last-event-id');
    session.writeControl(`retry: ${retryMs}\n\n${this.#notice(known, { resumed: false, gap }, 0)}`);
    for (const channel of channels) {
      receive(this.#parts, connection, JSON.stringify({ event: 'pusher:subscribe', data: { channel } }));
    }
    return this.#attach(call, session);
  }

  /**
   * A browser gives up after a status other than 200, and comes back after a stream that ends. So what coming back
   * cannot help is a status, and the rest an ending stream.
   */
  #refusal(session: HttpSession): Response {
    const { code, reason } = session.closing ?? { code: 4000, reason: '' };
    if (code >= 4100) {
      const text = `retry: ${laterMs}\n\n${eventStreamNotice('close', { code, reason })}`;
      return new Response(text, { headers: streamHeaders });
    }
    const status = code === 4001 ? 404 : code === 4003 || code === 4009 ? 403 : code === 4004 ? 503 : 400;
    return plain(status, `${code}: ${reason}`);
  }

  #attach(call: TransportRequest, session: HttpSession): Response {
    const held = new HeldRequest(call);
    const gone = (receiver: Receiver) => session.detach(receiver);
    const stream = new StreamReceiver(held, streamHeaders, this.#sessions.outboxBytes, gone);
    session.attach(stream);
    return stream.response;
  }

  /** @param after number of the last event that the client has, so that it comes back with that if this is all it gets */
  #notice(known: Known, how: { resumed: boolean; gap: boolean }, after: number): string {
    const data = { socket_id: known.session.connection?.socketId, token: known.token, ...how };
    return eventStreamNotice('session', data, known.memory.idOf(after));
  }

  /** Why a stream of these channels cannot begin; null: it can. */
  #refuseChannels(key: string, channels: readonly string[]): string | null {
    if (channels.length > channelsMax) {
      return `Expected at most ${channelsMax} channels, found ${channels.length}. Subscribe to more by POST`;
    }
    const lengthMax = this.#parts.apps.byKey(key)?.settings.channelNameLength ?? 200;
    for (const channel of channels) {
      const name = parseChannelName(channel, lengthMax);
      if (name === null) return `${JSON.stringify(channel.slice(0, 200))} is not the name of a channel`;
      if (name.kind === 'user') {
        return `${channel} is for a connection that is signed in. Open the stream without it, then POST pusher:signin and pusher:subscribe with the token of the first event`;
      }
      if (needsSignature(name)) {
        return `${channel} needs a signature. Open the stream without it, then POST pusher:subscribe with "auth" and the token of the first event`;
      }
    }
    return null;
  }

  async #send(call: TransportRequest, key: string, socketId: string): Promise<Response> {
    const known = this.#bySocketId.get(socketId);
    const connection = known?.session.connection ?? null;
    if (known === undefined || known.key !== key || connection === null || connection.closed) {
      return plain(404, 'There is no such connection. Its stream has ended, or belongs to another app');
    }
    const [, token = ''] = /^Bearer (\S+)$/i.exec(call.request.headers.get('authorization') ?? '') ?? [];
    if (!isSame(token, known.token)) {
      return plain(401, 'Expected "Authorization: Bearer" and the token of the stream’s first event');
    }
    const body = await readBody(call.request, this.#bodyBytesMax);
    if (body === 'too large') return plain(413, `The body is larger than ${this.#bodyBytesMax} bytes`);
    if (body === 'incomplete') return plain(400, 'The body did not arrive whole');
    const text = decodeText(body);
    if (text === null) return plain(400, 'Expected UTF-8');
    if (connection.closed) return plain(404, 'The connection ended while the body was on its way');
    receive(this.#parts, connection, text);
    return new Response(null, { status: 202, headers: openToAll });
  }
}

function framingOf(memory: EventMemory, graceMs: number): Framing {
  return {
    transport: 'event_stream',
    messages: (chain) => ({ bytes: memory.encode(chain), characters: 0 }),
    responseCharactersMax: Number.POSITIVE_INFINITY,
    heartbeat: eventStreamComment,
    close: (code, reason) => eventStreamNotice('close', { code, reason }),
    graceMs,
    quietClient: true,
  };
}

function isSame(given: string, expected: string): boolean {
  return given.length === expected.length && timingSafeEqual(Buffer.from(given), Buffer.from(expected));
}
