import { type Api, ApiFailure } from '../client/api.ts';
import { type OperatorSession, providerFailures, type SignIn, type Ways } from '../contract.ts';

/** Who is at the dashboard. */
export type DoorState =
  | { readonly is: 'opening' }
  | { readonly is: 'open'; readonly session: OperatorSession }
  /** Nobody is signed in. `problem` is why, when there is something to say. */
  | { readonly is: 'shut'; readonly ways: Ways; readonly problem: string | null; readonly busy: boolean }
  | { readonly is: 'failed'; readonly failure: ApiFailure };

const noWays: Ways = { password: false, provider: null };

/** Signing in and out. The cookie is the server's; nothing is kept here. */
export class Door {
  readonly #api: Api;
  readonly #listeners = new Set<() => void>();
  #state: DoorState = { is: 'opening' };

  constructor(api: Api) {
    this.#api = api;
    // A link pasted into a tab that shows this page changes the fragment only; nothing is loaded anew.
    addEventListener('hashchange', () => {
      if (/^#sign-in/.test(location.hash)) void this.open();
    });
  }

  get state(): DoorState {
    return this.#state;
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Trades the token in the address, if there is one, and asks who this browser is. */
  async open(): Promise<void> {
    const token = takeFragment(/^#sign-in=(.+)$/);
    const refused = takeFragment(/^#sign-in-failed=(.*)$/);
    let problem: string | null = refused === null ? null : providerText(refused);
    try {
      if (token !== null) await this.#api.request<void>('POST', '/session', { body: { token } });
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      problem = error.code === 'forbidden' ? linkRefused : error.message;
    }
    // Also after a refusal: a link is often opened twice in the browser that it has signed in.
    await this.#ask(problem);
  }

  async signIn(how: SignIn): Promise<void> {
    if (this.#state.is !== 'shut') return;
    this.#set({ ...this.#state, busy: true, problem: null });
    try {
      await this.#api.request<void>('POST', '/session', { body: how });
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      this.#set({ ...this.#state, busy: false, problem: problemOf(error) });
      return;
    }
    await this.#ask(null);
  }

  /** @throws ApiFailure when the server did not take it */
  async signOut(): Promise<void> {
    await this.#api.request<void>('DELETE', '/session');
    await this.#shut('You are signed out.');
  }

  /** The server said that nobody is signed in: a session that ends ends everywhere. */
  signedOut(): void {
    if (this.#state.is === 'open')
      void this.#shut('Your session has ended. Sign in to go on where you were.');
  }

  async #ask(problem: string | null): Promise<void> {
    try {
      const session = await this.#api.request<OperatorSession>('GET', '/session');
      this.#set({ is: 'open', session });
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      if (error.code === 'signed_out') await this.#shut(problem);
      else this.#set({ is: 'failed', failure: error });
    }
  }

  async #shut(problem: string | null): Promise<void> {
    const ways = await this.#api.request<Ways>('GET', '/ways').catch(() => noWays);
    this.#set({ is: 'shut', ways, problem, busy: false });
  }

  #set(state: DoorState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}

const linkRefused =
  'This link has been used already, or it has expired. Make a new one with `earshot login-link`.';

function problemOf({ code, error, message }: ApiFailure): string {
  if (code === 'forbidden') return 'The name or the password is wrong.';
  if (code !== 'too_many') return message;
  const seconds = error.retryAfterSeconds ?? 60;
  return `Too many tries. Wait ${seconds > 90 ? `${Math.ceil(seconds / 60)} minutes` : `${seconds} seconds`}, then try again.`;
}

/** The text for a name out of the address; a name that is none of ours says nothing more. */
function providerText(name: string): string {
  const known = Object.entries(providerFailures).find(([failure]) => failure === name);
  return known?.[1] ?? 'Signing in with the provider did not work. Try again.';
}

/** What the fragment holds, taken out at once, so that no history and no bookmark keeps it. */
function takeFragment(pattern: RegExp): string | null {
  const found = pattern.exec(location.hash)?.[1];
  if (found === undefined) return null;
  history.replaceState(history.state, '', location.pathname + location.search);
  return decodeURIComponent(found);
}
