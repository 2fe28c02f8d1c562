/** How this page stands with its server. */
export type LinkState = 'fine' | 'reconnecting' | 'offline';

/** What `Link` needs of the browser. */
export interface Network {
  readonly online: boolean;
  /** Calls `listener` when that changes. */
  listen(listener: () => void): void;
}

/**
 * One place that knows whether the server is reached, from what requests and streams come to. The strip at the top
 * shows it; whatever failed for want of it starts again when it is back.
 */
export class Link {
  readonly #network: Network;
  readonly #listeners = new Set<() => void>();
  readonly #lost = new Set<object>();
  #requestLost = false;

  constructor(network: Network) {
    this.#network = network;
    network.listen(() => this.#tell());
  }

  get state(): LinkState {
    if (!this.#network.online) return 'offline';
    return this.#requestLost || this.#lost.size > 0 ? 'reconnecting' : 'fine';
  }

  /** Calls `listener` after every change until the returned function is called. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  requestFailed(): void {
    this.#change(() => {
      this.#requestLost = true;
    });
  }

  /** Whatever the answer says: somebody answered. */
  requestAnswered(): void {
    this.#change(() => {
      this.#requestLost = false;
    });
  }

  /** @param stream stands for itself, so that several can be lost at a time */
  streamLost(stream: object): void {
    this.#change(() => this.#lost.add(stream));
  }

  /** It is open again, or nobody wants it any more. */
  streamFine(stream: object): void {
    this.#change(() => this.#lost.delete(stream));
  }

  #change(act: () => void): void {
    const before = this.state;
    act();
    if (this.state !== before) this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** The network as the browser tells of it. */
export const browserNetwork: Network = {
  get online() {
    return navigator.onLine;
  },
  listen(listener) {
    addEventListener('online', listener);
    addEventListener('offline', listener);
  },
};
