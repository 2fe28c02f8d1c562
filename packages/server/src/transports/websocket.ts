import { chooseSubprotocol, closeCodes, errorTexts } from '@earshot/protocol';
import type { Server, ServerWebSocket, WebSocketHandler } from 'bun';
import type { Topics } from '../channels/fanout.ts';
import type { Connection } from '../connection/connection.ts';
import type { Connections } from '../connection/connections.ts';
import { receive } from '../connection/inbox.ts';
import type { Parts } from '../connection/parts.ts';
import { type Handshake, type Socket, tooSlow } from '../connection/socket.ts';
import type { AllTopics } from './topics.ts';

/** Bun's own timer is a backstop, at its longest: `connection/liveness.ts` decides. */
const idleTimeoutSeconds = 960;
/** Under a backlog, how often at most the sockets are looked through for slow readers. */
const congestionCheckMs = 50;

type BunSocket = ServerWebSocket<WebSocketSocket>;

/**
 * The WebSocket listener of one Bun server: native topics, no loop over subscribers.
 *
 * No exception leaves a handler: Bun would end the process.
 */
export class WebSocketTransport implements Topics {
  readonly #parts: Parts;
  readonly #connections: Connections;
  readonly #topics: AllTopics;
  readonly #outboxBytes: number;
  readonly #frameBytesMax: number;
  readonly #sockets = new Set<WebSocketSocket>();
  #server: Server<WebSocketSocket> | null = null;
  #congestionCheckedAt = Number.NEGATIVE_INFINITY;

  /**
   * @param outboxBytes what may wait for one socket; beyond it the socket is cut (BAD-6)
   * @param frameBytesMax a larger frame ends the socket with 1009; a smaller one that is too large for what it says
   *   gets a `pusher:error` (BAD-4)
   */
  constructor(
    parts: Parts,
    connections: Connections,
    topics: AllTopics,
    outboxBytes: number,
    frameBytesMax: number,
  ) {
    this.#parts = parts;
    this.#connections = connections;
    this.#topics = topics;
    this.#outboxBytes = outboxBytes;
    this.#frameBytesMax = frameBytesMax;
    topics.add(this);
  }

  /** The part of `Bun.serve`'s options that is this transport's. */
  get handler(): WebSocketHandler<WebSocketSocket> {
    return {
      perMessageDeflate: false,
      maxPayloadLength: this.#frameBytesMax,
      backpressureLimit: this.#outboxBytes,
      closeOnBackpressureLimit: true,
      idleTimeout: idleTimeoutSeconds,
      sendPings: false,
      open: (ws) => this.#guard(ws, () => this.#opened(ws)),
      message: (ws, message) => this.#guard(ws, () => this.#received(ws.data, message)),
      ping: (ws) => this.#guard(ws, () => this.#alive(ws.data)),
      pong: (ws) => this.#guard(ws, () => this.#alive(ws.data)),
      drain: (ws) => {
        ws.data.isCongested = false;
      },
      close: (ws, code, reason) => this.#guard(ws, () => this.#closed(ws.data, code, reason)),
    };
  }

  /** To be called once, with the server that `handler` went to. */
  attach(server: Server<WebSocketSocket>): void {
    this.#server = server;
  }

  /** Always accepts what is a WebSocket request: a refusal is told by a close code (CONN-14). */
  upgrade(request: Request, server: Server<WebSocketSocket>, handshake: Handshake): Response | undefined {
    const subprotocol = chooseSubprotocol(request.headers.get('sec-websocket-protocol'));
    // Bun echoes an offered subprotocol unless the answer names one; an empty name leaves the header out.
    const headers = { 'Sec-WebSocket-Protocol': subprotocol ?? '' };
    if (server.upgrade(request, { data: new WebSocketSocket(this, handshake), headers })) return undefined;
    return new Response(
      'This path takes WebSocket connections: the request is no valid WebSocket handshake.\n',
      {
        status: 400,
      },
    );
  }

  publish(topic: string, frame: string): void {
    if (this.#server?.publish(topic, frame) === -1) this.findSlowReaders();
  }

  /** Publishes on all transports, here without `ws`. */
  publishExcept(ws: BunSocket, topic: string, frame: string): void {
    // A closed socket is in no topic any more, so there is nobody to leave out.
    if (ws.readyState !== WebSocket.OPEN) this.publish(topic, frame);
    else if (ws.publish(topic, frame) === -1) this.findSlowReaders();
    this.#topics.publishBeside(this, topic, frame);
  }

  /**
   * Marks the sockets with a backlog, so that Bun's closing of one at its bound is known for what it was. A pass over
   * all sockets, made only while some write meets a backlog.
   */
  findSlowReaders(): void {
    const now = this.#parts.clock.monotonic();
    if (now - this.#congestionCheckedAt < congestionCheckMs) return;
    this.#congestionCheckedAt = now;
    for (const socket of this.#sockets) {
      if (socket.queuedBytes > 0) socket.isCongested = true;
    }
  }

  #opened(ws: BunSocket): void {
    const socket = ws.data;
    const handshake = socket.opened(ws);
    this.#sockets.add(socket);
    socket.connection = this.#connections.open(socket, handshake);
  }

  #received(socket: WebSocketSocket, message: string | Buffer): void {
    const { connection } = socket;
    if (connection === null) return;
    if (typeof message === 'string') receive(this.#parts, connection, message);
    else {
      this.#alive(socket);
      connection.refuse(errorTexts.notText.text());
    }
  }

  #alive(socket: WebSocketSocket): void {
    if (socket.connection !== null) socket.connection.lastInboundAt = this.#parts.clock.monotonic();
  }

  #closed(socket: WebSocketSocket, code: number, reason: string): void {
    this.#sockets.delete(socket);
    const { connection } = socket;
    if (connection === null) return;
    const readTooSlowly = code === 1006 && socket.isCongested;
    if (readTooSlowly) {
      this.#parts.counters.slowClientsCut++;
      this.#parts.log.warn(
        { app: connection.app.id, socket: connection.socketId, outboxBytes: this.#outboxBytes },
        'a client that reads too slowly was cut (EARSHOT_OUTBOX_BYTES is the bound)',
      );
    }
    this.#connections.closed(connection, code, readTooSlowly ? tooSlow : reason);
  }

  #guard(ws: BunSocket, handle: () => void): void {
    try {
      handle();
    } catch (error) {
      this.#parts.counters.handlerFailures++;
      this.#parts.log.error({ err: error }, 'a WebSocket handler failed');
      // Its state is not to be trusted any more; the client comes back in a second.
      ws.close(closeCodes.overCapacity.code, errorTexts.internal.text());
    }
  }
}

/** One WebSocket; Bun keeps it as the socket's data. */
export class WebSocketSocket implements Socket {
  connection: Connection | null = null;
  /** Was seen with a backlog, and has not drained since: if Bun closes it now, it read too slowly. */
  isCongested = false;
  readonly #transport: WebSocketTransport;
  #handshake: Handshake | null;
  #ws: BunSocket | null = null;

  constructor(transport: WebSocketTransport, handshake: Handshake) {
    this.#transport = transport;
    this.#handshake = handshake;
  }

  /** Takes the socket that Bun made, and gives away the handshake, which is not needed again. */
  opened(ws: BunSocket): Handshake {
    const handshake = this.#handshake;
    if (handshake === null) throw new Error('a WebSocket was opened twice');
    this.#ws = ws;
    this.#handshake = null;
    return handshake;
  }

  get transport(): 'websocket' {
    return 'websocket';
  }

  get queuedBytes(): number {
    return this.#ws?.getBufferedAmount() ?? 0;
  }

  send(frame: string): void {
    if (this.#ws?.send(frame) === -1) this.#transport.findSlowReaders();
  }

  close(code: number, reason: string): void {
    this.#ws?.close(code, reason);
  }

  ping(): void {
    this.#ws?.ping();
  }

  enterTopic(topic: string): void {
    if (this.#ws?.readyState === WebSocket.OPEN) this.#ws.subscribe(topic);
  }

  leaveTopic(topic: string): void {
    if (this.#ws?.readyState === WebSocket.OPEN) this.#ws.unsubscribe(topic);
  }

  publishToOthers(topic: string, frame: string): void {
    if (this.#ws !== null) this.#transport.publishExcept(this.#ws, topic, frame);
  }
}
