import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiFailure } from '../client/api.ts';
import { useLoad } from '../client/use-load.ts';
import type { Page } from '../contract.ts';
import { useDesk } from '../shell/desk.ts';

const everyMs = 3_000;

export interface Pages<Row> {
  /** Undefined until the first page is there. */
  readonly rows: readonly Row[] | undefined;
  readonly failure: ApiFailure | undefined;
  readonly more: boolean;
  readonly busy: boolean;
  readonly loadMore: () => void;
  readonly reload: () => Promise<void>;
}

/** What was shown of older pages, and where the next one begins. */
interface Older<Row> {
  readonly key: string;
  readonly rows: readonly Row[];
  readonly next: string | null;
}

/**
 * A list of the API that comes in pages, the newest first: its first page again every few seconds, older ones on demand.
 * Rows that are on two of them stand once.
 */
export function usePages<Row extends { readonly id: string }>(
  path: string,
  query: Readonly<Record<string, string>>,
): Pages<Row> {
  const { api, notify } = useDesk();
  const key = JSON.stringify([path, query]);
  const { loaded, reload } = useLoad<Page<Row>>(
    key,
    (signal) => api.request('GET', path, { query, signal }),
    everyMs,
  );
  const [older, setOlder] = useState<Older<Row> | null>(null);
  const [busy, setBusy] = useState(false);
  const current = useRef(key);
  useEffect(() => {
    current.current = key;
  }, [key]);

  const first = loaded.value;
  const mine = older?.key === key ? older : null;
  const next = mine === null ? (first?.next ?? null) : mine.next;

  const loadMore = async () => {
    if (busy || next === null || first === undefined) return;
    setBusy(true);
    try {
      const page = await api.request<Page<Row>>('GET', path, { query: { ...query, before: next } });
      if (current.current !== key) return;
      // What the first page shows now moves down as newer rows come; kept, it leaves no hole.
      setOlder({ key, rows: [...(mine?.rows ?? first.rows), ...page.rows], next: page.next });
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      notify({ kind: 'bad', text: error.message });
    } finally {
      setBusy(false);
    }
  };

  return {
    rows: first === undefined ? undefined : merged(first.rows, mine?.rows ?? []),
    failure: loaded.failure,
    more: next !== null,
    busy,
    loadMore: () => void loadMore(),
    reload: async () => {
      setOlder(null);
      await reload();
    },
  };
}

function merged<Row extends { readonly id: string }>(
  first: readonly Row[],
  older: readonly Row[],
): readonly Row[] {
  const known = new Set(first.map(({ id }) => id));
  return [...first, ...older.filter(({ id }) => !known.has(id))];
}
