/** Where one is: the path below `/dashboard`, and what its query says. */
export interface Place {
  /** Begins with a slash: `/apps/3/keys`. */
  readonly path: string;
  readonly query: URLSearchParams;
}

/** Asks the person; true when they want to leave. */
export type LeaveGuard = () => Promise<boolean>;

/** The address bar as a store. Links of the dashboard go through it without loading the page anew. */
export class Router {
  readonly #base: string;
  readonly #listeners = new Set<() => void>();
  readonly #guards = new Set<LeaveGuard>();
  #place: Place;
  #index: number;

  /** @param base path of the dashboard, without a slash at its end */
  constructor(base: string) {
    this.#base = base;
    this.#place = this.#read();
    this.#index = history.state?.index ?? 0;
    history.replaceState({ index: this.#index }, '');
    window.addEventListener('popstate', (event) => void this.#popped(event.state));
    addEventListener('beforeunload', (event) => {
      if (this.#guards.size > 0) event.preventDefault();
    });
  }

  get place(): Place {
    return this.#place;
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The address of `to`, for the `href` of a link. */
  hrefOf(to: string): string {
    return this.#base + (to === '/' ? '/' : to);
  }

  /** @param to path below the dashboard, perhaps with a query; `replace` leaves no way back to where one was */
  async go(to: string, { replace = false }: { replace?: boolean } = {}): Promise<void> {
    const samePath = to.split('?')[0] === this.#place.path;
    if (!samePath && !(await this.#mayLeave())) return;
    if (!replace) this.#index++;
    history[replace ? 'replaceState' : 'pushState']({ index: this.#index }, '', this.hrefOf(to));
    this.#arrive(!samePath);
  }

  /** Asked before one leaves the page, until the returned function is called. */
  guard(guard: LeaveGuard): () => void {
    this.#guards.add(guard);
    return () => this.#guards.delete(guard);
  }

  /** Back and forward have moved already: where leaving is not wanted, they are undone. */
  async #popped(state: { index?: number } | null): Promise<void> {
    const index = state?.index;
    if (typeof index !== 'number') return; // a fragment was followed
    const moved = index - this.#index;
    if (moved === 0) return;
    const there = this.#read();
    if (there.path !== this.#place.path && this.#guards.size > 0) {
      history.go(-moved);
      if (!(await this.#mayLeave())) return;
      this.#guards.clear();
      history.go(moved);
      return;
    }
    this.#index = index;
    this.#arrive(false);
  }

  async #mayLeave(): Promise<boolean> {
    for (const guard of this.#guards) if (!(await guard())) return false;
    this.#guards.clear();
    return true;
  }

  #arrive(toTop: boolean): void {
    this.#place = this.#read();
    for (const listener of this.#listeners) listener();
    if (toTop) scrollTo(0, 0);
  }

  #read(): Place {
    const path = location.pathname.startsWith(this.#base) ? location.pathname.slice(this.#base.length) : '';
    return { path: `/${path.replace(/^\/+|\/+$/g, '')}`, query: new URLSearchParams(location.search) };
  }
}
