import { useCallback, useState } from 'preact/hooks';
import { pathOf } from '../client/api.ts';
import type { StreamState } from '../client/stream.ts';
import type { AppDetail, LiveFigures } from '../contract.ts';
import { useStream } from '../shell/desk.ts';

/** Seconds that the live figures look back on. */
const windowSeconds = 60;

const nothingAsked = {};

export interface Live {
  /** The latest minute, second by second; empty until the first has come. */
  readonly seconds: readonly LiveFigures[];
  readonly state: StreamState;
  readonly retry: () => void;
}

/** What happens in the app, each second. */
export function useLive(app: AppDetail): Live {
  const [seconds, setSeconds] = useState<readonly LiveFigures[]>([]);
  const onEvent = useCallback((event: string, data: unknown) => {
    if (event !== 'figures') return;
    setSeconds((before) => withSecond(before, data as LiveFigures));
  }, []);
  const { state, retry } = useStream(pathOf`/apps/${app.id}/live`, nothingAsked, onEvent);
  return { seconds, state, retry };
}

/** With one more; what is older than the window goes, and so does everything before a break. */
export function withSecond(before: readonly LiveFigures[], figures: LiveFigures): readonly LiveFigures[] {
  const latest = before.at(-1);
  if (latest === undefined || figures.at - latest.at > 10_000) return [figures];
  if (figures.at <= latest.at) return before;
  return [...before, figures].filter(({ at }) => at > figures.at - windowSeconds * 1000);
}

/**
 * Messages in a minute: those of the seconds that were seen, and for the rest of the minute the rate that was known
 * before.
 */
export function messagesPerMinute(seconds: readonly LiveFigures[], before: number): number {
  const seen = seconds.reduce((sum, { published, clientEvents }) => sum + published + clientEvents, 0);
  const unseen = Math.max(windowSeconds - seconds.length, 0) / windowSeconds;
  return Math.round(seen + before * unseen);
}
