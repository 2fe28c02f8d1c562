import { originAllowed } from '@earshot/base';
import {
  activityTimeoutSeconds,
  authorisationTimeoutSeconds,
  type CloseCode,
  checkHandshake,
  closeCodes,
  closeReason,
  connectionEstablished,
  errorEvent,
} from '@earshot/protocol';
import type { App } from '../apps/app.ts';
import { type Caller, Connection } from './connection.ts';
import { Liveness } from './liveness.ts';
import { noteConnected, noteDisconnected, noteSubscription } from './noted.ts';
import type { Parts } from './parts.ts';
import { SharedTexts } from './shared-texts.ts';
import { endSignIn } from './sign-in.ts';
import type { Handshake, Socket } from './socket.ts';
import { newSocketId } from './socket-id.ts';
import { endSubscription } from './unsubscribe.ts';

const drainSliceMs = 50;
/** What is kept of how a client came. The longest address is that of IPv6 with IPv4 in it. */
const addressLengthMax = 45;
const originLengthMax = 300;
const clientLengthMax = 100;

/** The connections of one app on this node. */
interface AppConnections {
  readonly all: Set<Connection>;
  /** Those that the app's quota counts. */
  counted: number;
}

/** Why a client may not stay; `app` when it is known which one it came for. */
interface Refusal {
  readonly app: App | null;
  readonly code: number;
  readonly reason: string;
}

/** Every connection of this node, from handshake to close. */
export class Connections {
  readonly #parts: Parts;
  readonly #liveness: Liveness;
  readonly #byApp = new Map<App, AppConnections>();
  readonly #texts = new SharedTexts();
  #draining = false;

  constructor(parts: Parts, pingSeconds: number) {
    this.#parts = parts;
    this.#liveness = new Liveness(parts.clock, pingSeconds * 1000);
    parts.apps.onChange((app) => {
      if (!app.settings.enabled) this.#closeApp(app);
    });
  }

  /** Connections of this node. */
  get size(): number {
    return this.#parts.hub.listeners.size;
  }

  /**
   * A transport has a client: greets it, or closes it with the reason (CONN).
   * @returns null when it was refused; the transport then only waits for the end of the socket
   */
  open(socket: Socket, handshake: Handshake): Connection | null {
    const admitted = this.#admit(handshake);
    if ('refusal' in admitted) {
      const { app, code, reason } = admitted.refusal;
      if (admitted.protocol < 6) socket.send(errorEvent(code, reason));
      socket.close(code, reason);
      this.#parts.counters.connectionClosed(code);
      if (app !== null && this.#parts.trace.isWatched(app)) {
        this.#parts.trace.note(app, { kind: 'refused', code, reason, transport: socket.transport });
      }
      return null;
    }
    const { app, protocol } = admitted;
    const { clock, fanOut, counters, hub } = this.#parts;
    const socketId = newSocketId();
    const connection = new Connection({
      socketId,
      app,
      socket,
      protocol,
      caller: this.#callerOf(handshake),
      fanOut,
      at: clock.now(),
      now: clock.monotonic(),
    });
    counters.connectionsOpened++;
    app.tally.opened(socket.transport);
    hub.listeners.set(socketId, socket);
    this.#liveness.add(connection);
    this.#ofApp(app).all.add(connection);
    if (app.settings.authorisedConnections) this.#awaitAuthorisation(connection);
    else this.#count(connection);
    noteConnected(this.#parts, connection);
    connection.send(connectionEstablished(socketId, activityTimeoutSeconds));
    return connection;
  }

  /** The socket is gone, whoever ended it. @param code the close code @param reason its text, '' for none */
  closed(connection: Connection, code: number, reason: string): void {
    if (connection.closed) return;
    connection.closed = true;
    const { counters, hub, roster } = this.#parts;
    counters.connectionClosed(code);
    connection.app.tally.closed(connection.socket.transport);
    connection.onAuthorised = null;
    connection.authoriseTimer?.cancel();
    hub.listeners.delete(connection.socketId);
    this.#liveness.delete(connection);
    const ofApp = this.#ofApp(connection.app);
    ofApp.all.delete(connection);
    if (connection.counted) roster.reportConnections(connection.app.id, --ofApp.counted);
    if (ofApp.all.size === 0) this.#byApp.delete(connection.app);
    for (const channel of connection.subscriptions.values()) {
      noteSubscription(this.#parts, connection, 'unsubscribed', channel, 'The connection ended');
      endSubscription(this.#parts, connection, channel);
    }
    connection.subscriptions.clear();
    endSignIn(this.#parts, connection);
    noteDisconnected(this.#parts, connection, code, reason);
  }

  /** The connections of an app on this node, the oldest first. */
  of(app: App): Iterable<Connection> {
    return this.#byApp.get(app)?.all ?? [];
  }

  /** Other nodes took clients in the same moment: only so many of this node's may stay, and the newest go. */
  keepOnly(appId: string, keep: number): void {
    const app = this.#parts.apps.byId(appId);
    const ofApp = app === undefined ? undefined : this.#byApp.get(app);
    if (ofApp === undefined) return;
    const { code, reason } = closeCodes.overConnectionQuota;
    const counted = [...ofApp.all].filter((connection) => connection.counted);
    for (const connection of counted.slice(keep)) connection.close(code, reason);
  }

  /** Closes every connection of this node on which the user signed in (USER-8). */
  terminateUser(appId: string, userId: string): void {
    for (const connection of this.#parts.users.connections(appId, userId)) {
      connection.close(closeCodes.unauthorised.code, 'The connections of this user were terminated');
    }
  }

  /**
   * Refuses new connections and closes the present ones in jittered slices over at most `seconds`, so that they do not
   * all come back in the same instant (DRAIN). Resolves when the last has been told.
   */
  async drain(seconds: number): Promise<void> {
    this.#draining = true;
    const connections = [...this.#byApp.values()].flatMap(({ all }) => [...all]);
    const slices = Math.max(
      1,
      Math.min(Math.ceil(connections.length / 100), (seconds * 1000) / 2 / drainSliceMs),
    );
    const perSlice = Math.ceil(connections.length / slices);
    const { code, reason } = closeCodes.reconnectNow;
    for (let from = 0; from < connections.length; from += perSlice) {
      if (from > 0) await this.#wait(drainSliceMs * (0.5 + Math.random()));
      for (const connection of connections.slice(from, from + perSlice)) connection.close(code, reason);
    }
  }

  stop(): void {
    this.#draining = true;
    this.#liveness.stop();
  }

  #callerOf({ address, origin, query }: Handshake): Caller {
    const client = [query.get('client') ?? '', query.get('version') ?? ''].join(' ').trim();
    return {
      address: this.#texts.of(address, addressLengthMax),
      origin: origin === null ? null : this.#texts.of(origin, originLengthMax),
      client: client === '' ? null : this.#texts.of(client, clientLengthMax),
    };
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#parts.clock.after(ms, resolve));
  }

  #admit(handshake: Handshake): { app: App; protocol: number } | { refusal: Refusal; protocol: number } {
    // What the client can read depends on its protocol, so a refusal for another reason needs it as well.
    const checked = checkHandshake(handshake.query);
    const protocol = 'protocol' in checked ? checked.protocol : 7;
    let app: App | undefined;
    const refuse = (closeCode: CloseCode, reason = closeCode.reason) => ({
      refusal: { app: app ?? null, code: closeCode.code, reason },
      protocol,
    });
    if (!handshake.hostAllowed) {
      return refuse(
        closeCodes.unauthorised,
        'This server does not answer to this host: set EARSHOT_PUBLIC_URL',
      );
    }
    if (handshake.key === null) return refuse(closeCodes.pathNotFound);
    app = this.#parts.apps.byKey(handshake.key);
    if (app === undefined) {
      return refuse(closeCodes.unknownApp, closeReason(closeCodes.unknownApp, handshake.key));
    }
    if ('close' in checked) return refuse(checked.close);
    const { settings } = app;
    if (!settings.enabled) return refuse(closeCodes.appDisabled);
    if (settings.tlsOnly && !handshake.secure) return refuse(closeCodes.tlsOnly);
    if (!originAllowed(settings.origins, handshake.origin)) {
      return refuse(closeCodes.unauthorised, 'Connections from this origin are not allowed for this app');
    }
    if (this.#draining) return refuse(closeCodes.overCapacity, 'This server is shutting down');
    if (!settings.authorisedConnections && this.#isOverQuota(app))
      return refuse(closeCodes.overConnectionQuota);
    return { app, protocol };
  }

  #isOverQuota(app: App): boolean {
    return app.settings.connections > 0 && this.#parts.roster.connections(app.id) >= app.settings.connections;
  }

  /** Where the app wants it, a client has 30 s to show that it may be here, and counts only then (AUTHC). */
  #awaitAuthorisation(connection: Connection): void {
    const { code } = closeCodes.unauthorised;
    const timer = this.#parts.clock.after(authorisationTimeoutSeconds * 1000, () => {
      if (connection.onAuthorised !== null)
        connection.close(code, 'Connection not authorized within timeout');
    });
    connection.authoriseTimer = timer;
    connection.onAuthorised = () => {
      timer.cancel();
      if (this.#isOverQuota(connection.app)) {
        connection.close(closeCodes.overConnectionQuota.code, closeCodes.overConnectionQuota.reason);
      } else this.#count(connection);
    };
  }

  #count(connection: Connection): void {
    connection.counted = true;
    const ofApp = this.#ofApp(connection.app);
    const { app } = connection;
    this.#parts.roster.reportConnections(app.id, ++ofApp.counted, app.settings.connections);
  }

  #closeApp(app: App): void {
    const { code, reason } = closeCodes.appDisabled;
    for (const connection of this.#byApp.get(app)?.all ?? []) connection.close(code, reason);
  }

  #ofApp(app: App): AppConnections {
    let ofApp = this.#byApp.get(app);
    if (ofApp === undefined) {
      ofApp = { all: new Set(), counted: 0 };
      this.#byApp.set(app, ofApp);
    }
    return ofApp;
  }
}
