import { createContext } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';
import type { Api } from '../client/api.ts';
import type { Link, LinkState } from '../client/link.ts';
import { openStream, type StreamOptions, type StreamState } from '../client/stream.ts';
import type { Loading } from '../client/use-load.ts';
import type { AppDetail, AppSummary, OperatorSession } from '../contract.ts';
import type { Notice } from '../parts/notices.tsx';
import type { Place, Router } from './router.ts';

/** What every page can use. */
export interface Desk {
  readonly api: Api;
  readonly link: Link;
  readonly router: Router;
  readonly session: OperatorSession;
  readonly apps: Loading<readonly AppSummary[]>;
  notify(notice: Notice): void;
  signOut(): Promise<void>;
  signedOut(): void;
}

/** What a page of an app is given. */
export interface AppPageProps {
  readonly app: AppDetail;
  /** Puts the answer to a change in place. */
  readonly onAppChanged: (app: AppDetail) => void;
}

export const DeskContext = createContext<Desk | null>(null);

export function useDesk(): Desk {
  const desk = useContext(DeskContext);
  if (desk === null) throw new Error('this part stands outside of the dashboard');
  return desk;
}

/** Where one is; renders again when that changes. */
export function usePlace(): Place {
  const { router } = useDesk();
  const [place, setPlace] = useState(router.place);
  useEffect(() => {
    setPlace(router.place);
    return router.listen(() => setPlace(router.place));
  }, [router]);
  return place;
}

/**
 * A value kept in the address, so that a reload and a link keep it.
 * @returns the value ('' when there is none) and a way to set it, which leaves no step in the history
 */
export function useQuery(name: string): [string, (value: string) => void] {
  const { router } = useDesk();
  const place = usePlace();
  const set = (value: string) => {
    const query = new URLSearchParams(router.place.query);
    if (value === '') query.delete(name);
    else query.set(name, value);
    void router.go(router.place.path + (query.size > 0 ? `?${query}` : ''), { replace: true });
  };
  return [place.query.get(name) ?? '', set];
}

export function useLink(): LinkState {
  const { link } = useDesk();
  const [state, setState] = useState(link.state);
  useEffect(() => {
    setState(link.state);
    return link.listen(() => setState(link.state));
  }, [link]);
  return state;
}

/**
 * Follows an event stream of the API while the part is shown; begins anew when path or query change.
 * @param path null follows nothing
 */
export function useStream(
  path: string | null,
  query: NonNullable<StreamOptions['query']>,
  onEvent: StreamOptions['onEvent'],
): { state: StreamState; retry: () => void } {
  const { api, link, signedOut } = useDesk();
  const [state, setState] = useState<StreamState>({ is: 'connecting' });
  const [attempt, setAttempt] = useState(0);
  const key = JSON.stringify([path, query, attempt]);
  useEffect(() => {
    if (path === null) return;
    const options = { api, link, path, query, onEvent, onState: setState, onSignedOut: signedOut };
    return openStream(options).stop;
  }, [key, api, link, signedOut]);
  return { state, retry: () => setAttempt((count) => count + 1) };
}

/** Asks before one leaves while `dirty`. @param ask resolves to true when the person wants to leave */
export function useLeaveGuard(dirty: boolean, ask: () => Promise<boolean>): void {
  const { router } = useDesk();
  useEffect(() => (dirty ? router.guard(ask) : undefined), [dirty, router]);
}
