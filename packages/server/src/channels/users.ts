/** The signed-in users of this node and the ids that its connections watch, per app. `C` is the connection. */
export class Users<C> {
  readonly #connections = new Map<string, Set<C>>();
  readonly #watched = new Map<string, Watched<C>>();

  /** @returns true when this is the user's first signed-in connection on this node */
  add(appId: string, userId: string, connection: C): boolean {
    const key = keyOf(appId, userId);
    const connections = this.#connections.get(key);
    if (connections === undefined) {
      this.#connections.set(key, new Set([connection]));
      return true;
    }
    connections.add(connection);
    return false;
  }

  /** @returns true when it was the user's last signed-in connection on this node */
  delete(appId: string, userId: string, connection: C): boolean {
    const key = keyOf(appId, userId);
    const connections = this.#connections.get(key);
    if (connections === undefined || !connections.delete(connection) || connections.size > 0) return false;
    this.#connections.delete(key);
    return true;
  }

  connections(appId: string, userId: string): C[] {
    return [...(this.#connections.get(keyOf(appId, userId)) ?? [])];
  }

  /** What this node knows of a watched user; made when nobody here watched the user before. */
  watch(appId: string, userId: string): { watched: Watched<C>; isNew: boolean } {
    const key = keyOf(appId, userId);
    const known = this.#watched.get(key);
    if (known !== undefined) return { watched: known, isNew: false };
    const watched: Watched<C> = {
      online: false,
      ready: Promise.resolve(),
      holds: 0,
      watchers: new Set(),
    };
    this.#watched.set(key, watched);
    return { watched, isNew: true };
  }

  watched(appId: string, userId: string): Watched<C> | undefined {
    return this.#watched.get(keyOf(appId, userId));
  }

  /** Ends one hold; true when nobody on this node watches the user any more. */
  unwatch(appId: string, userId: string): boolean {
    const key = keyOf(appId, userId);
    const watched = this.#watched.get(key);
    if (watched === undefined || --watched.holds > 0) return false;
    this.#watched.delete(key);
    return true;
  }
}

/** A user whom connections of this node watch. */
export interface Watched<C> {
  /** Whether the cluster has said that the user is online. */
  online: boolean;
  /** Settles when `online` is what the cluster says. */
  ready: Promise<void>;
  /** Connections that watch or are about to. */
  holds: number;
  /** Connections that have been told the present state and want the changes. */
  readonly watchers: Set<C>;
}

/** App ids are decimal, so the first slash ends the app's part. */
function keyOf(appId: string, userId: string): string {
  return `${appId}/${userId}`;
}
