import { useEffect, useState } from 'preact/hooks';
import { formatAgo, formatMoment } from './format.ts';

/** A moment, told as how long ago it is; the exact one on hover and for machines. */
export function Ago({ at }: { at: number }) {
  const now = useNow(10_000);
  return (
    <time dateTime={new Date(at).toISOString()} title={formatMoment(at)}>
      {formatAgo(at, now)}
    </time>
  );
}

/** The time, again every `everyMs`. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
