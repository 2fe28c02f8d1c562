import { createContext } from 'preact';
import { useCallback, useContext, useEffect, useRef, useState } from 'preact/hooks';
import { ApiFailure } from './api.ts';
import type { Link } from './link.ts';

/** Tells `useLoad` when the server is back, so that what was not answered is asked again. */
export const LinkContext = createContext<Link | null>(null);

/** What is asked of the server, on its way. `value` stays while it is asked for again. */
export type Loaded<T> =
  | { readonly is: 'loading'; readonly value?: undefined; readonly failure?: undefined }
  | { readonly is: 'ready'; readonly value: T; readonly failure?: undefined }
  /** With a value: the latest that came, which may be old by now. */
  | { readonly is: 'failed'; readonly value?: T; readonly failure: ApiFailure };

export interface Loading<T> {
  readonly loaded: Loaded<T>;
  /** Asks again; what is shown stays until the answer is there. */
  readonly reload: () => Promise<void>;
  /** Puts a newer value in place, such as the answer to a change. */
  readonly set: (value: T) => void;
}

/**
 * Asks for something when `key` changes, and again every `everyMs` while the page is looked at. A late answer to an
 * earlier key is dropped.
 * @param key names what `load` asks for; null asks for nothing
 */
export function useLoad<T>(
  key: string | null,
  load: (signal: AbortSignal) => Promise<T>,
  everyMs?: number,
): Loading<T> {
  const [state, setState] = useState<{ key: string | null; loaded: Loaded<T> }>({
    key,
    loaded: { is: 'loading' },
  });
  const latest = useRef(load);
  latest.current = load;
  const current = useRef<AbortController | undefined>(undefined);

  const ask = useCallback(async () => {
    current.current?.abort();
    const mine = new AbortController();
    current.current = mine;
    try {
      const value = await latest.current(mine.signal);
      if (!mine.signal.aborted) setState({ key, loaded: { is: 'ready', value } });
    } catch (error) {
      if (mine.signal.aborted) return;
      if (!(error instanceof ApiFailure)) throw error;
      setState((before) => ({ key, loaded: failedAfter(before.key === key ? before.loaded : null, error) }));
    }
  }, [key]);

  useEffect(() => {
    if (key === null) return;
    void ask();
    const timer =
      everyMs === undefined
        ? undefined
        : setInterval(() => {
            if (document.visibilityState === 'visible') void ask();
          }, everyMs);
    return () => {
      clearInterval(timer);
      current.current?.abort();
    };
  }, [key, ask, everyMs]);

  const link = useContext(LinkContext);
  const unanswered = state.key === key && state.loaded.failure?.code === 'unreachable';
  useEffect(() => {
    if (!unanswered) return;
    return link?.listen(() => {
      if (link.state === 'fine') void ask();
    });
  }, [link, unanswered, ask]);

  const set = useCallback((value: T) => setState({ key, loaded: { is: 'ready', value } }), [key]);
  return { loaded: state.key === key ? state.loaded : { is: 'loading' }, reload: ask, set };
}

function failedAfter<T>(before: Loaded<T> | null, failure: ApiFailure): Loaded<T> {
  return before?.value === undefined
    ? { is: 'failed', failure }
    : { is: 'failed', value: before.value, failure };
}
