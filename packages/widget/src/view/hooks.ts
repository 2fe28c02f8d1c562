import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

/** Whether a media query holds, kept up to date. */
export function useMedia(query: string): boolean {
  const [holds, setHolds] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const media = matchMedia(query);
    const listen = () => setHolds(media.matches);
    listen();
    media.addEventListener('change', listen);
    return () => media.removeEventListener('change', listen);
  }, [query]);
  return holds;
}

/** Seconds until `at`, 0 when it is over or null; draws again each second until then. */
export function useSecondsUntil(at: number | null): number {
  const left = at === null ? 0 : Math.max(0, Math.ceil((at - Date.now()) / 1000));
  const [, setTick] = useState(0);
  const running = left > 0;
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => setTick((tick) => tick + 1), 1000);
    return () => clearInterval(timer);
  }, [running, at]);
  return left;
}

/** True once `ms` have gone by since `since`: what comes quickly never flickers. */
export function useLater(since: number, ms: number): boolean {
  const [late, setLate] = useState(() => Date.now() - since >= ms);
  useEffect(() => {
    const rest = since + ms - Date.now();
    if (rest <= 0) return setLate(true);
    const timer = setTimeout(() => setLate(true), rest);
    return () => clearTimeout(timer);
  }, [since, ms]);
  return late;
}

/** The value of the render before. */
export function useBefore<T>(value: T): T | undefined {
  const before = useRef<T | undefined>(undefined);
  const current = before.current;
  useLayoutEffect(() => {
    before.current = value;
  });
  return current;
}

/** What has the keyboard, within the same shadow root. */
export function activeIn(element: Element): Element | null {
  return (element.getRootNode() as Document | ShadowRoot).activeElement;
}

/** What can be reached by Tab inside of `box`, in order. */
export function tabStops(box: Element): HTMLElement[] {
  const every = box.querySelectorAll<HTMLElement>(
    'a[href],button,input,select,textarea,[tabindex]:not([tabindex="-1"])',
  );
  return [...every].filter(
    (one) => one.tabIndex >= 0 && !(one as HTMLButtonElement).disabled && one.getClientRects().length > 0,
  );
}
