import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { pathOf } from '../client/api.ts';
import type { StreamState } from '../client/stream.ts';
import type { TraceBatch } from '../contract.ts';
import { useStream } from '../shell/desk.ts';
import { type ConsoleFilter, streamQuery } from './filter.ts';
import { clear, type Lines, noLines, pause, resume, withBatch, withBreak } from './lines.ts';

export interface Console {
  readonly lines: Lines;
  readonly stream: StreamState;
  readonly retry: () => void;
  readonly togglePause: () => void;
  readonly clear: () => void;
}

/** Follows the console of an app. Batches are taken at once and drawn with the next frame. */
export function useConsole(appId: string, filter: ConsoleFilter): Console {
  const latest = useRef<Lines>(noLines);
  const [lines, setLines] = useState<Lines>(noLines);
  const frame = useRef(0);

  const change = useCallback((next: Lines) => {
    latest.current = next;
    frame.current ||= requestAnimationFrame(() => {
      frame.current = 0;
      setLines(latest.current);
    });
  }, []);
  useEffect(() => () => cancelAnimationFrame(frame.current), []);

  const onEvent = useCallback(
    (event: string, data: unknown) => {
      if (event === 'entries') change(withBatch(latest.current, data as TraceBatch, Date.now()));
    },
    [change],
  );
  const query = useMemo(() => streamQuery(filter), [filter]);
  const { state, retry } = useStream(pathOf`/apps/${appId}/console`, query, onEvent);
  useEffect(() => {
    if (state.is === 'reconnecting') change(withBreak(latest.current));
  }, [state, change]);

  const togglePause = useCallback(
    () => change(latest.current.paused ? resume(latest.current) : pause(latest.current)),
    [change],
  );
  const clearAll = useCallback(() => change(clear(latest.current)), [change]);
  return { lines, stream: state, retry, togglePause, clear: clearAll };
}
