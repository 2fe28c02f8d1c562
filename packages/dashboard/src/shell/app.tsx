import { Mark } from '@earshot/ui';
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Api } from '../client/api.ts';
import type { Link } from '../client/link.ts';
import { LinkContext, useLoad } from '../client/use-load.ts';
import type { AppSummary, OperatorSession } from '../contract.ts';
import { Failing } from '../parts/failing.tsx';
import { Notices, useNotices } from '../parts/notices.tsx';
import { SignInPage } from '../sign-in/sign-in.tsx';
import { type Desk, DeskContext } from './desk.ts';
import type { Door } from './door.ts';
import { Frame } from './frame.tsx';
import type { Router } from './router.ts';

const appsEveryMs = 10_000;

export interface AppProps {
  readonly api: Api;
  readonly link: Link;
  readonly door: Door;
  readonly router: Router;
}

/** The whole dashboard: the door, and behind it the desk. */
export function App({ api, link, door, router }: AppProps) {
  const [state, setState] = useState(door.state);
  useEffect(() => {
    setState(door.state);
    return door.listen(() => setState(door.state));
  }, [door]);

  switch (state.is) {
    case 'opening':
      return (
        <main class="opening" aria-busy="true">
          <Mark />
          <p class="visually-hidden">Opening the dashboard…</p>
        </main>
      );
    case 'failed':
      return (
        <main class="opening">
          <Failing
            failure={state.failure}
            level={1}
            what="The dashboard cannot open"
            retry={() => door.open()}
          />
        </main>
      );
    case 'shut':
      return <SignInPage state={state} api={api} link={link} signIn={(how) => door.signIn(how)} />;
    case 'open':
      return <SignedIn api={api} link={link} door={door} router={router} session={state.session} />;
  }
}

function SignedIn({ api, link, door, router, session }: AppProps & { session: OperatorSession }) {
  const { notices, notify, dismiss } = useNotices();
  const apps = useLoad<readonly AppSummary[]>(
    'apps',
    (signal) => api.request('GET', '/apps', { signal }),
    appsEveryMs,
  );
  const desk = useMemo<Desk>(
    () => ({
      api,
      link,
      router,
      session,
      apps,
      notify,
      signOut: () => door.signOut(),
      signedOut: () => door.signedOut(),
    }),
    [api, link, router, session, apps.loaded, apps.reload, apps.set, notify, door],
  );
  return (
    <DeskContext.Provider value={desk}>
      <LinkContext.Provider value={link}>
        <Frame />
        <Notices notices={notices} dismiss={dismiss} />
      </LinkContext.Provider>
    </DeskContext.Provider>
  );
}
