import { Credentials } from '@earshot/ui';
import { useCallback, useState } from 'preact/hooks';
import type { Session } from '../contract.ts';
import type { Live } from '../live.ts';
import { Curl } from './curl.tsx';
import { Facts } from './facts.tsx';
import { Header } from './header.tsx';
import { Room } from './room.tsx';
import { Snippets } from './snippets.tsx';
import { Strip } from './strip.tsx';
import { useLive } from './use-live.ts';

export interface HomeProps {
  live: Live;
  session: Session;
  /** Asks the server for the session again, with a fresh signature; null when it cannot be had now. */
  refresh: () => Promise<Session | null>;
  leave: () => void;
}

/** The whole page, once signed in. */
export function Home({ live, session: first, refresh, leave }: HomeProps) {
  const state = useLive(live);
  const [session, setSession] = useState(first);
  const [secretShown, setSecretShown] = useState(false);

  const renew = useCallback(async () => {
    const found = await refresh();
    if (found) setSession(found);
  }, [refresh]);

  return (
    <>
      <div class="top">
        <Header phase={state.phase} leave={leave} />
        <Strip state={state} reconnect={live.reconnect} />
      </div>
      <main class="home">
        <section class="intro" aria-labelledby="intro-title">
          <h1 id="intro-title">
            Your Earshot server {state.phase === 'unreachable' ? 'does not answer' : 'is running'}
          </h1>
          <p class="lead">
            This page connects to it as any Pusher client would. What happens in one window is heard in every
            other.
          </p>
          <Facts session={session} state={state} />
        </section>
        <div class="home-columns">
          <Room state={state} session={session} say={live.say} />
          <div class="home-side">
            <Curl session={session} connected={state.phase === 'connected'} renew={renew} />
            <section class="part" aria-labelledby="credentials-title">
              <h2 id="credentials-title">Credentials</h2>
              <p class="hint">
                Clients need the key. Publishers need all three; keep the secret on your servers.
              </p>
              <Credentials app={session.app} isSecretShown={secretShown} onToggleSecret={setSecretShown} />
            </section>
          </div>
        </div>
        <Snippets session={session} secretShown={secretShown} />
      </main>
    </>
  );
}
