import { CodeBlock, CopyButton, Dot } from '@earshot/ui';
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { pathOf } from '../client/api.ts';
import type { StreamState } from '../client/stream.ts';
import { Empty } from '../parts/empty.tsx';
import { Failing } from '../parts/failing.tsx';
import { counted, formatNumber } from '../parts/format.ts';
import { Glyph } from '../parts/glyph.tsx';
import { useNow } from '../parts/time.tsx';
import { type AppPageProps, useDesk, usePlace } from '../shell/desk.ts';
import { DeskLink } from '../shell/link.tsx';
import { Bar } from './bar.tsx';
import type { DetailsLinks } from './details.tsx';
import { type ConsoleFilter, filterOf, isFiltered, noFilter, passes, queryOf } from './filter.ts';
import { asJson, type Lines } from './lines.ts';
import { List } from './list.tsx';
import { type Console, useConsole } from './use-console.ts';

/** What the server left out is said for so long after it last did. */
const sampledMs = 8_000;
/** A screen reader hears of new entries at most so often. */
const speakMs = 10_000;

/** The debug console: what happens in the app, as it happens. */
export default function ConsolePage({ app }: AppPageProps) {
  const { router } = useDesk();
  const { query } = usePlace();
  const address = query.toString();
  const filter = useMemo(() => filterOf(new URLSearchParams(address)), [address]);
  const console = useConsole(app.id, filter);
  const setFilter = useCallback(
    (next: ConsoleFilter) => {
      const search = queryOf(next);
      void router.go(router.place.path + (search === '' ? '' : `?${search}`), { replace: true });
    },
    [router],
  );
  const links = useMemo<DetailsLinks>(
    () => ({
      channel: (name) => pathOf`/apps/${app.id}/channels/${name}`,
      connection: (socketId) => pathOf`/apps/${app.id}/connections/${socketId}`,
      narrow: (part) => setFilter({ ...filterOf(router.place.query), ...part }),
    }),
    [app.id, router, setFilter],
  );
  return <ConsoleView appId={app.id} console={console} filter={filter} onFilter={setFilter} links={links} />;
}

interface ConsoleViewProps {
  readonly appId: string;
  readonly console: Console;
  readonly filter: ConsoleFilter;
  readonly onFilter: (filter: ConsoleFilter) => void;
  readonly links: DetailsLinks;
}

function ConsoleView({ appId, console, filter, onFilter, links }: ConsoleViewProps) {
  const { lines, stream, togglePause } = console;
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const shown = useMemo(
    () => lines.shown.filter(({ entry }) => passes(filter, entry)),
    [lines.shown, filter],
  );
  const opened = useMemo(() => shown.filter(({ id }) => open.has(id)), [shown, open]);
  const onToggle = useCallback(
    (id: string) =>
      setOpen((before) => {
        const next = new Set(before);
        if (!next.delete(id)) next.add(id);
        return next;
      }),
    [],
  );

  const copied = opened.length > 0 ? opened : shown;
  return (
    <section class="console" aria-labelledby="console-title">
      <h2 id="console-title" class="visually-hidden">
        Debug console
      </h2>
      <Bar filter={filter} onFilter={onFilter} />
      {stream.is === 'refused' ? (
        <Failing failure={stream.failure} what="The console cannot be followed" retry={console.retry} />
      ) : (
        <div class="console-frame">
          <div class="console-head">
            <StreamWord stream={stream} paused={lines.paused} />
            {lines.paused && lines.heldCount > 0 && (
              <span class="console-held">{formatNumber(lines.heldCount)} came since</span>
            )}
            <div class="console-acts">
              <button type="button" class="button" onClick={togglePause}>
                <Glyph name={lines.paused ? 'play' : 'pause'} />
                {lines.paused ? 'Resume' : 'Pause'}
              </button>
              <button type="button" class="button" onClick={console.clear}>
                <Glyph name="trash" />
                Clear
              </button>
              {shown.length > 0 && (
                <span class="console-copy">
                  <CopyButton
                    text={() => asJson(copied.map(({ entry }) => entry))}
                    what={
                      opened.length > 0
                        ? `the ${counted(opened.length, 'open entry', 'open entries')} as JSON`
                        : 'everything shown as JSON'
                    }
                  />{' '}
                  {opened.length > 0 && <span class="console-held">{opened.length} open</span>}
                </span>
              )}
            </div>
          </div>
          <Sampled lines={lines} />
          <List
            lines={shown}
            open={open}
            withNode={lines.nodes.length > 1}
            links={links}
            onToggle={onToggle}
            onPause={togglePause}
            empty={<Nothing appId={appId} lines={lines} filter={filter} onFilter={onFilter} />}
          />
          <div class="console-foot">
            <p>
              {counted(shown.length, 'entry', 'entries')}
              {shown.length < lines.shown.length && ` of ${formatNumber(lines.shown.length)}`}
              {lines.skipped > 0 && ` · ${formatNumber(lines.skipped)} not shown`}
              {lines.nodes.length > 1 &&
                ` · ${lines.nodes.length} nodes: ${lines.nodes.map((node) => node.slice(0, 6)).join(', ')}`}
            </p>
            <p class="console-keys" aria-hidden="true">
              <kbd>Space</kbd> pauses · <kbd>↑</kbd> <kbd>↓</kbd> move · <kbd>Enter</kbd> opens
            </p>
          </div>
        </div>
      )}
      <Spoken lines={lines} />
    </section>
  );
}

/** How the console stands, in a word. */
function StreamWord({ stream, paused }: { stream: StreamState; paused: boolean }) {
  const state =
    stream.is === 'open'
      ? paused
        ? ({ dot: 'warn', word: 'Paused' } as const)
        : ({ dot: 'good', word: 'Live' } as const)
      : ({ dot: 'warn', word: stream.is === 'connecting' ? 'Connecting…' : 'Reconnecting…' } as const);
  return (
    <span class="console-state" role="status">
      <Dot state={state.dot} />
      {state.word}
    </span>
  );
}

/** Says that what is shown is a sample, while it is one. */
function Sampled({ lines }: { lines: Lines }) {
  const now = useNow(1_000);
  const sampled = lines.skippedAt !== null && now - lines.skippedAt < sampledMs;
  return (
    <div role="status">
      {sampled && (
        <p class="strip console-sampled">
          {formatNumber(lines.skipped)} not shown: traffic is faster than the eye. Filter by kind, channel,
          user or socket to see all of a part.
        </p>
      )}
    </div>
  );
}

interface NothingProps {
  readonly appId: string;
  readonly lines: Lines;
  readonly filter: ConsoleFilter;
  readonly onFilter: (filter: ConsoleFilter) => void;
}

/** The empty screen: what will appear and how to make it appear. */
function Nothing({ appId, lines, filter, onFilter }: NothingProps) {
  const { session } = useDesk();
  if (isFiltered(filter)) {
    return (
      <Empty title={lines.shown.length > 0 ? 'Nothing that is here matches' : 'Nothing yet that matches'}>
        <p>What matches appears here as it happens.</p>
        <button type="button" class="button" onClick={() => onFilter(noFilter)}>
          Show everything
        </button>
      </Empty>
    );
  }
  const { scheme, host, port, path } = session.server;
  const standard = port === (scheme === 'https' ? 443 : 80);
  const url = `${scheme}://${host}${standard ? '' : `:${port}`}${path}`;
  return (
    <Empty title={lines.heard > 0 ? 'Cleared' : 'Listening'}>
      <p>
        Connections, subscriptions, events, requests and webhooks appear here as they happen. This line,
        pasted into a terminal, makes something happen: a request that is refused for want of a signature.
      </p>
      <CodeBlock code={`curl -d '{}' ${url}/apps/${appId}/events`} what="curl line" caption="terminal" wrap />
      <p>
        Or <DeskLink to={pathOf`/apps/${appId}/events`}>send an event</DeskLink>.
      </p>
    </Empty>
  );
}

/** Tells a screen reader, now and then, how much came: not each entry. */
function Spoken({ lines }: { lines: Lines }) {
  const [text, setText] = useState('');
  const latest = useRef(lines);
  latest.current = lines;
  useEffect(() => {
    let told = latest.current.heard;
    const timer = setInterval(() => {
      const { heard, paused } = latest.current;
      if (heard > told && !paused) setText(`${counted(heard - told, 'new entry', 'new entries')}`);
      told = heard;
    }, speakMs);
    return () => clearInterval(timer);
  }, []);
  return (
    <p class="visually-hidden" aria-live="polite">
      {text}
    </p>
  );
}
