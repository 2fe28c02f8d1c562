import type { Id, Me, SessionAnswer } from '@earshot/chat/contract';
import type { Problem } from '../store/problem.ts';
import { type Answer, answered, failed } from './answer.ts';
import type { Send, Tokens } from './api.ts';
import type { Broadcast, Env } from './env.ts';
import { type Kept, readKept, writeKept } from './kept.ts';

/** A token of the host's site, or how to get a fresh one; null: nobody is signed in there. */
export type HostUser = string | (() => string | null | Promise<string | null>);

export interface SessionListener {
  /** It is over for good: the server or the host's site says so. */
  ended(problem: Problem): void;
  /** Another tab of this browser has signed out (null) or in. */
  elsewhere(user: Id | null): void;
}

/** Who I am in this browser, and the tokens that prove it. Nothing is stored before somebody has entered. */
export interface Session extends Tokens {
  /** The host's site has a user, or one is kept from before. Asks nobody. */
  known(): 'host' | 'kept' | null;
  /** Becomes who is known; null: nobody. */
  resume(): Promise<Answer<Me> | null>;
  guest(name: string): Promise<Answer<Me>>;
  /** With what a provider's window has handed over. Who was a guest goes on as the same person. */
  provider(code: string, verifier: string): Promise<Answer<Me>>;
  /** Signs out here, in the other tabs and at the server. */
  leave(): Promise<void>;
  /** Somebody else of the host's site, or nobody. */
  identify(user: HostUser | null): void;
  stop(): void;
}

/** A token is renewed this long before it ends, and is taken to last no longer than the server ever says. */
const marginMs = 30_000;
const longestMs = 570_000;

type Told = { readonly type: 'in'; readonly user: Id; readonly access: Access } | { readonly type: 'out' };

interface Access {
  readonly token: string;
  /** By this browser's clock. */
  readonly until: number;
}

export function createSession(
  env: Env,
  send: Send,
  options: { readonly app: string; readonly user: HostUser | null },
  listener: SessionListener,
): Session {
  const { app } = options;
  let hostUser = options.user;
  let how: 'host' | 'kept' | null = null;
  let access: Access | null = null;
  let me: Id | null = null;
  /** Where nothing can be stored. */
  let inMemory: Kept | null = null;
  let bus: Broadcast | null = null;

  const kept = () => inMemory ?? readKept(env.local(), app);
  const fresh = () => access !== null && access.until > env.now();

  function keep(next: Kept | null): void {
    inMemory = writeKept(env.local(), app, next) ? null : next;
  }

  /** Tabs tell each other of people who come and go. Opened when there is somebody to tell of. */
  function tell(told: Told | null): void {
    if (bus === null) {
      bus = env.broadcast(`earshot-session-${app}`);
      if (bus !== null) bus.onmessage = ({ data }) => heard(data as Told);
    }
    if (told !== null) bus?.postMessage(told);
  }

  function heard(told: Told): void {
    if (how === 'host') return;
    if (told.type === 'in' && told.user === me) access = told.access;
    else if (told.type === 'in' || how !== null) {
      forget();
      listener.elsewhere(told.type === 'in' ? told.user : null);
    }
  }

  function forget(): void {
    access = null;
    me = null;
    how = null;
    inMemory = null;
  }

  function take(answer: SessionAnswer): void {
    const lasts = answer.accessTokenExpiresAt - env.now() - marginMs;
    // A clock that is wrong must neither renew without end nor keep a token that is over.
    const until = env.now() + Math.min(Math.max(lasts, marginMs), longestMs);
    access = { token: answer.accessToken, until };
    me = answer.me.id;
    how = answer.refreshToken === null ? 'host' : 'kept';
    if (answer.refreshToken === null) return;
    keep({ refreshToken: answer.refreshToken, user: me });
    tell({ type: 'in', user: me, access });
  }

  async function entered(request: Promise<Answer<SessionAnswer>>): Promise<Answer<Me>> {
    const answer = await request;
    if (answer.problem !== null) return answer;
    take(answer.value);
    return answered(answer.value.me);
  }

  async function askHost(): Promise<Answer<SessionAnswer>> {
    let token: string | null;
    try {
      token = typeof hostUser === 'function' ? await hostUser() : hostUser;
    } catch {
      return failed({ code: 'network' }); // the host's own: its site did not answer
    }
    if (token === null) return failed({ code: 'session_ended' });
    // With the token from before, the session goes on, and so do its sockets.
    return send('POST /sessions/host', [], { app, token }, how === 'host' ? access?.token : undefined);
  }

  /** @param stale null: who I am is asked, too, which no other tab's token tells */
  async function refresh(stale: string | undefined | null): Promise<Answer<SessionAnswer> | null> {
    // Another tab has done it while this one waited for its turn.
    if (stale !== null && fresh() && access?.token !== stale) return null;
    const from = kept();
    if (from === null) return failed({ code: 'session_ended' });
    const answer = await send('POST /sessions/refresh', [], { app, refreshToken: from.refreshToken });
    const over = answer.problem !== null && isOver(answer.problem);
    if (over && kept()?.refreshToken === from.refreshToken) keep(null);
    return answer;
  }

  /** One tab after the other: each use of a refresh token makes the next one. */
  function inTurn(stale: string | undefined | null): Promise<Answer<SessionAnswer> | null> {
    if (env.locks === null) return refresh(stale);
    return new Promise((resolve) => {
      const turn = async () => resolve(await refresh(stale));
      // Pages without an origin of their own have locks that refuse.
      env.locks?.request(`earshot-session-${app}`, {}, turn).catch(() => resolve(refresh(stale)));
    });
  }

  /** A guest is on the way to being somebody, which ends the guest's session, sockets first. */
  let becoming: Promise<unknown> | null = null;

  async function renew(stale: string | undefined): Promise<Answer<string>> {
    if (becoming !== null) {
      await becoming;
      if (fresh() && access?.token !== stale) return answered(access?.token ?? '');
    }
    const answer = how === 'host' ? await askHost() : await inTurn(stale);
    if (answer === null) return answered(access?.token ?? '');
    if (answer.problem === null) {
      if (me !== null && answer.value.me.id !== me) {
        // The host's site has another user now: nothing of the one before may be shown to them.
        forget();
        take(answer.value);
        listener.elsewhere(answer.value.me.id);
        return failed({ code: 'session_ended' });
      }
      take(answer.value);
      return answered(answer.value.accessToken);
    }
    if (isOver(answer.problem)) {
      forget();
      listener.ended(answer.problem);
    }
    return answer;
  }

  let pending: Promise<Answer<string>> | null = null;
  function renewOnce(stale: string | undefined): Promise<Answer<string>> {
    if (pending === null) {
      pending = renew(stale).finally(() => {
        pending = null;
      });
    }
    return pending;
  }

  return {
    known: () => (hostUser !== null ? 'host' : kept() === null ? null : 'kept'),
    async resume() {
      if (hostUser !== null) {
        const answer = await askHost();
        if (answer.problem === null) return entered(Promise.resolve(answer));
        // Nobody is signed in there: whoever chatted here before goes on.
        if (answer.problem.code !== 'session_ended') return answer;
      }
      if (kept() === null) return null;
      tell(null);
      const answer = await inTurn(null);
      return answer === null ? failed({ code: 'unavailable' }) : entered(Promise.resolve(answer));
    },
    guest: (name) => entered(send('POST /sessions/guest', [], { app, name })),
    async provider(code, verifier) {
      const guest = how === 'kept' ? await this.current() : null;
      const token = guest?.problem === null ? guest.value : undefined;
      const asked = entered(send('POST /sessions/provider', [], { app, code, verifier }, token));
      becoming = asked;
      const answer = await asked;
      becoming = null;
      return answer;
    },
    async leave() {
      const token = how === null ? null : await this.current();
      // Whom the host's site has signed in stays out of the chat until it names somebody anew.
      hostUser = null;
      forget();
      keep(null);
      tell({ type: 'out' });
      if (token?.problem === null) await send('DELETE /sessions/current', [], undefined, token.value);
    },
    identify(user) {
      hostUser = user;
      if (how === 'host') forget();
    },
    stop() {
      bus?.close();
      bus = null;
    },
    async current() {
      if (fresh()) return answered(access?.token ?? '');
      if (how === null) return failed({ code: 'session_ended' });
      return renewOnce(access?.token);
    },
    async renewed(stale) {
      if (fresh() && access?.token !== stale) return answered(access?.token ?? '');
      if (how === null) return failed({ code: 'session_ended' });
      return renewOnce(stale);
    },
  };
}

/** Trying again would not help. */
function isOver({ code }: Problem): boolean {
  return [
    'session_ended',
    'unauthorised',
    'host_token_invalid',
    'origin_refused',
    'banned',
    'chat_off',
  ].includes(code);
}
