import { useEffect, useRef } from 'preact/hooks';
import { useFixed, useWidgetState } from '../context.ts';
import { Failure, Skeleton } from '../parts.tsx';
import { useKeptFocus } from './use-kept-focus.ts';
import { type MoreTranslator, useMore } from './use-more.ts';

/** Where I am signed in, and a way to end it elsewhere. */
export function Sessions() {
  const { records } = useWidgetState();
  const t = useMore();
  const { actions } = useFixed();
  useEffect(() => void actions.loadSessions(), []);
  const { sessions } = records;
  const list = useRef<HTMLUListElement>(null);
  useKeptFocus(list, sessions);
  if (sessions === undefined || sessions.phase === 'loading') {
    return <Skeleton since={sessions?.since ?? Date.now()} rows={1} />;
  }
  if (sessions.phase === 'failed') {
    return <Failure problem={sessions.problem} onRetry={() => void actions.loadSessions()} />;
  }
  return (
    <ul class="records-list" tabIndex={-1} ref={list}>
      {sessions.value.map(({ id, current, origin, lastSeenAt, userAgent }) => (
        <li class="record" key={id}>
          <span class="record-words">
            <span id={`session-${id}`}>{deviceOf(t, userAgent ?? '')}</span>
            <span class="hint">
              <bdi>{origin.replace(/^https?:\/\//, '')}</bdi>
              <br />
              {current ? t('sessionHere') : t('sessionSeen', { time: t.full(lastSeenAt) })}
            </span>
          </span>
          {!current && (
            <button
              type="button"
              class="button button-plain"
              aria-describedby={`session-${id}`}
              onClick={() => void actions.endSession(id)}
            >
              {t('endSession')}
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}

/** Those that say the names of others, too, come first. */
const browsers = [
  [/\bEdg/, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:Chrome|CriOS|HeadlessChrome)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
] as const;
const systems = [
  [/\bAndroid\b/, 'Android'],
  [/\b(?:iPhone|iPod)\b/, 'iOS'],
  [/\biPad\b/, 'iPadOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bLinux\b/, 'Linux'],
] as const;

/** As people call it, as far as a browser says what it is. */
export function deviceOf(t: MoreTranslator, userAgent: string): string {
  const nameIn = (names: typeof browsers | typeof systems) =>
    names.find(([pattern]) => pattern.test(userAgent))?.[1];
  const browser = nameIn(browsers);
  const system = nameIn(systems);
  if (browser === undefined) return system ?? t('deviceUnknown');
  return system === undefined ? browser : t('deviceOn', { browser, system });
}
