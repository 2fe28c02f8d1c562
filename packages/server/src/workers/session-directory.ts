/** Which worker has which HTTP session. Workers are known by the path where they take requests. */
export class SessionDirectory {
  readonly #owners = new Map<string, string>();
  readonly #idsOf = new Map<string, Set<string>>();

  /** Takes the session for `worker` unless another has it. @returns the other one, or null */
  claim(id: string, worker: string): string | null {
    const owner = this.#owners.get(id);
    if (owner !== undefined) return owner === worker ? null : owner;
    this.#owners.set(id, worker);
    const ids = this.#idsOf.get(worker);
    if (ids === undefined) this.#idsOf.set(worker, new Set([id]));
    else ids.add(id);
    return null;
  }

  /** The worker that has it, unless it is `asker` or nobody. */
  find(id: string, asker: string): string | null {
    const owner = this.#owners.get(id);
    return owner === undefined || owner === asker ? null : owner;
  }

  release(id: string, worker: string): void {
    if (this.#owners.get(id) !== worker) return;
    this.#owners.delete(id);
    this.#idsOf.get(worker)?.delete(id);
  }

  /** The worker is gone, and its sessions with it. */
  releaseAll(worker: string): void {
    for (const id of this.#idsOf.get(worker) ?? []) this.#owners.delete(id);
    this.#idsOf.delete(worker);
  }
}
