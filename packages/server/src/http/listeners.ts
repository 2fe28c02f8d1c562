import type { Clock, Log } from '@earshot/base';
import type { Server } from 'bun';
import { CertificateWatch } from './certificate.ts';
import { claimPort, type PortSetting, type TlsFiles } from './listener.ts';

/** How often a listener that takes nobody any more is looked at, whether its last client has gone. */
const idleMs = 1_000;

/** One port, and what it takes to open it. */
export interface Port {
  readonly number: number;
  readonly setting: PortSetting;
  readonly tls: TlsFiles | null;
  /** Other processes have listeners on it. */
  readonly shared: boolean;
}

/** A listener, and what goes with it. */
export interface Listener<Data> {
  readonly server: Server<Data>;
  /** Called when it has ended. */
  ended(): void;
}

/**
 * The listeners of a server. One with a certificate is followed by another on the same port when the certificate was
 * renewed, because Bun cannot change it: the old one takes nobody from then on, and ends with its last client.
 */
export class Listeners<Data> {
  readonly #host: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #open: (port: Port) => Listener<Data>;
  readonly #current = new Map<PortSetting, { readonly port: Port; readonly listener: Listener<Data> }>();
  readonly #retired = new Set<Listener<Data>>();
  readonly #watches: CertificateWatch[] = [];

  constructor(options: {
    readonly host: string;
    readonly clock: Clock;
    readonly log: Log;
    /** @throws StartError */
    readonly open: (port: Port) => Listener<Data>;
  }) {
    this.#host = options.host;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#open = options.open;
  }

  /** All that have clients. */
  get servers(): readonly Server<Data>[] {
    return [...[...this.#current.values()].map(({ listener }) => listener), ...this.#retired].map(
      ({ server }) => server,
    );
  }

  /** @throws StartError */
  add(port: Port): Server<Data> {
    // Listeners that share a port do not notice that somebody else has it.
    const isAlone = port.tls !== null && !port.shared;
    const number = isAlone ? claimPort(this.#host, port.number, port.setting) : port.number;
    const claimed = { ...port, number, shared: port.shared || port.tls !== null };
    const listener = this.#open(claimed);
    this.#current.set(port.setting, { port: claimed, listener });
    if (port.tls !== null) {
      this.#watches.push(new CertificateWatch(port.tls, this.#clock, () => this.renew()));
    }
    return listener.server;
  }

  /** Opens those with a certificate anew. What does not work is in the log, and the old one stays. @returns whether all did */
  renew(): boolean {
    let isWell = true;
    for (const [setting, { port, listener }] of this.#current) {
      if (port.tls === null) continue;
      try {
        const fresh = this.#open(port);
        this.#current.set(setting, { port, listener: fresh });
        this.#retire(listener);
        this.#log.info({ port: port.number }, 'TLS: the certificate was taken over from its files');
      } catch (error) {
        isWell = false;
        const why = error instanceof Error ? error.message : String(error);
        this.#log.error({ why }, 'TLS: the certificate in its files cannot be used; the one before stays');
      }
    }
    return isWell;
  }

  /** Takes nobody any more; who is there stays. */
  refuseNew(): void {
    for (const { listener } of this.#current.values()) void listener.server.stop();
  }

  async stop(): Promise<void> {
    for (const watch of this.#watches) watch.stop();
    for (const server of this.servers) await server.stop(true);
  }

  #retire(listener: Listener<Data>): void {
    const { server } = listener;
    this.#retired.add(listener);
    void server.stop();
    const timer = this.#clock.every(idleMs, () => {
      if (server.pendingRequests > 0 || server.pendingWebSockets > 0) return;
      timer.cancel();
      this.#retired.delete(listener);
      void server.stop(true);
      listener.ended();
    });
  }
}
