import type { Topics } from '../../packages/server/src/channels/fanout.ts';
import type { Connection } from '../../packages/server/src/connection/connection.ts';
import type { Connections } from '../../packages/server/src/connection/connections.ts';
import { receive } from '../../packages/server/src/connection/inbox.ts';
import type { Parts } from '../../packages/server/src/connection/parts.ts';
import type { Socket } from '../../packages/server/src/connection/socket.ts';
import type { Process, SimulatedLink } from './world.ts';

/** As native topics: who is in gets what is published, in the order of publishing. */
export class SimulatedTopics implements Topics {
  readonly #sockets = new Map<string, Set<SimulatedSocket>>();

  enter(topic: string, socket: SimulatedSocket): void {
    const sockets = this.#sockets.get(topic);
    if (sockets === undefined) this.#sockets.set(topic, new Set([socket]));
    else sockets.add(socket);
  }

  leave(topic: string, socket: SimulatedSocket): void {
    this.#sockets.get(topic)?.delete(socket);
  }

  leaveAll(socket: SimulatedSocket): void {
    for (const sockets of this.#sockets.values()) sockets.delete(socket);
  }

  publish(topic: string, frame: string): void {
    for (const socket of this.#sockets.get(topic) ?? []) socket.send(frame);
  }

  publishBeside(except: SimulatedSocket, topic: string, frame: string): void {
    for (const socket of this.#sockets.get(topic) ?? []) if (socket !== except) socket.send(frame);
  }
}

/** What a socket touches of its node. */
export interface SocketOwner {
  readonly process: Process;
  readonly parts: Parts;
  readonly connections: Connections;
  readonly topics: SimulatedTopics;
  /** Those that are open. */
  readonly sockets: Set<SimulatedSocket>;
}

/** What a client hears of its connection. */
export interface Heard {
  received(frame: string): void;
  closed(code: number): void;
}

/** A connection between a client and a node, over a link each way. */
export class SimulatedSocket implements Socket {
  readonly transport = 'websocket';
  readonly queuedBytes = 0;
  connection: Connection | null = null;
  readonly #node: SocketOwner;
  readonly #toClient: SimulatedLink;
  readonly #toNode: SimulatedLink;
  readonly #client: Heard;
  #isOpen = true;

  constructor(node: SocketOwner, toClient: SimulatedLink, toNode: SimulatedLink, client: Heard) {
    this.#node = node;
    this.#toClient = toClient;
    this.#toNode = toNode;
    this.#client = client;
    node.sockets.add(this);
  }

  /** The client sends a frame. */
  fromClient(text: string): void {
    this.#toNode.send(() =>
      this.#node.process.run(() => {
        if (this.#isOpen && this.connection !== null) receive(this.#node.parts, this.connection, text);
      }),
    );
  }

  /** The client ends the connection; what it sent before still comes. */
  endedByClient(): void {
    this.#toNode.send(() => this.#node.process.run(() => this.#end(1000)));
  }

  /** The node's machine ends it. */
  cut(): void {
    this.#isOpen = false;
    this.#toNode.cut();
    this.#toClient.send(() => this.#client.closed(1006));
  }

  send(frame: string): void {
    if (this.#isOpen) this.#toClient.send(() => this.#client.received(frame));
  }

  close(code: number, _reason: string): void {
    if (!this.#isOpen) return;
    this.#toClient.send(() => this.#client.closed(code));
    this.#end(code);
  }

  ping(): void {}

  enterTopic(topic: string): void {
    if (this.#isOpen) this.#node.topics.enter(topic, this);
  }

  leaveTopic(topic: string): void {
    if (this.#isOpen) this.#node.topics.leave(topic, this);
  }

  publishToOthers(topic: string, frame: string): void {
    this.#node.topics.publishBeside(this, topic, frame);
  }

  #end(code: number): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#node.sockets.delete(this);
    this.#node.topics.leaveAll(this);
    if (this.connection !== null) this.#node.connections.closed(this.connection, code, '');
  }
}
