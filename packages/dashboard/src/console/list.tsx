import type { ComponentChildren } from 'preact';
import { useCallback, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { formatNumber } from '../parts/format.ts';
import type { DetailsLinks } from './details.tsx';
import type { Line } from './lines.ts';
import { Row } from './row.tsx';

/** Closer to the end than this, the reader is taken along when something new comes. */
const followPx = 48;
/** Lines that are drawn while the newest is followed; earlier ones on demand. */
const drawnMax = 300;

export interface ListProps {
  readonly lines: readonly Line[];
  readonly open: ReadonlySet<string>;
  readonly withNode: boolean;
  readonly links: DetailsLinks;
  readonly onToggle: (id: string) => void;
  /** Space was pressed while the list has the focus. */
  readonly onPause: () => void;
  /** Shown instead of lines when there are none. */
  readonly empty: ComponentChildren;
}

/**
 * The lines, the newest at the end, which it follows until somebody scrolls up. One tab stop: arrows move, Enter opens,
 * Space pauses.
 */
export function List({ lines, open, withNode, links, onToggle, onPause, empty }: ListProps) {
  const box = useRef<HTMLElement>(null);
  const following = useRef(true);
  const lastSeen = useRef<string | undefined>(undefined);
  const [behind, setBehind] = useState(false);
  /** The first line that is drawn while somebody reads further up, so that nothing goes from under their eyes. */
  const [from, setFrom] = useState<string | null>(null);
  const [current, setCurrent] = useState<string | null>(null);
  const newest = lines.at(-1)?.id;
  const start = from === null ? lines.length - drawnMax : lines.findIndex(({ id }) => id === from);
  const earlier = Math.max(0, start);
  const drawn = earlier === 0 ? lines : lines.slice(earlier);

  useLayoutEffect(() => {
    const { current: element } = box;
    if (element === null || !following.current) return;
    element.scrollTop = element.scrollHeight;
    lastSeen.current = newest;
  }, [newest]);

  const onScroll = ({ currentTarget }: { currentTarget: HTMLElement }) => {
    const { scrollHeight, scrollTop, clientHeight } = currentTarget;
    following.current = scrollHeight - scrollTop - clientHeight < followPx;
    if (following.current) lastSeen.current = newest;
    setBehind(!following.current);
    setFrom((before) => (following.current ? null : (before ?? drawn[0]?.id ?? null)));
  };

  const jump = useCallback(() => {
    following.current = true;
    setBehind(false);
    setFrom(null);
    box.current?.scrollTo({ top: box.current.scrollHeight });
    box.current?.focus({ preventScroll: true });
  }, []);

  const onKeyDown = (event: KeyboardEvent) => {
    const target = event.target as HTMLElement;
    const row = target.closest<HTMLElement>('.console-row');
    const onLine = target.classList.contains('console-line');
    if (event.ctrlKey || event.metaKey || event.altKey || !(onLine || target === box.current)) return;
    const all = [...(box.current?.querySelectorAll<HTMLElement>('.console-row') ?? [])];
    const at = row === null ? -1 : all.indexOf(row);
    const next = {
      ArrowDown: at + 1,
      ArrowUp: at < 0 ? all.length - 1 : at - 1,
      Home: 0,
      End: all.length - 1,
    }[event.key];
    if (event.key === ' ') onPause();
    else if (next !== undefined && (onLine || event.key.startsWith('Arrow'))) {
      const found = all[Math.max(0, Math.min(all.length - 1, next))];
      setCurrent(found?.dataset.id ?? null);
      found?.querySelector('button')?.focus();
    } else return;
    event.preventDefault();
  };

  // A line that is gone, or none yet: the newest is where the keyboard comes in.
  const stop = current !== null && drawn.some(({ id }) => id === current) ? current : newest;
  const unseen = behind ? lines.length - 1 - lines.findLastIndex(({ id }) => id === lastSeen.current) : 0;

  return (
    <div class="console-screen">
      <section
        class="console-scroll"
        aria-label="Entries, the newest last"
        aria-keyshortcuts="Space"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
        tabIndex={0}
        ref={box}
        onScroll={onScroll}
        onKeyDown={onKeyDown}
      >
        {lines.length === 0 ? (
          empty
        ) : (
          <>
            {earlier > 0 && (
              <button
                type="button"
                class="text-action console-earlier"
                onClick={() => {
                  following.current = false;
                  setBehind(true);
                  setFrom(lines[0]?.id ?? null);
                  box.current?.focus({ preventScroll: true });
                }}
              >
                {formatNumber(earlier)} earlier
              </button>
            )}
            <ol class={withNode ? 'console-lines console-many' : 'console-lines'}>
              {drawn.map((line) => (
                <Row
                  key={line.id}
                  line={line}
                  open={open.has(line.id)}
                  current={line.id === stop}
                  withNode={withNode}
                  links={links}
                  onToggle={onToggle}
                />
              ))}
            </ol>
          </>
        )}
      </section>
      {behind && (
        <button type="button" class="button console-jump" onClick={jump}>
          <span aria-hidden="true">↓</span> {unseen > 0 ? `${unseen} new` : 'To the newest'}
        </button>
      )}
    </div>
  );
}
