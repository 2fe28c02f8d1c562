import type { ComponentChildren } from 'preact';
import type { AppDetail, LiveFigures, Statistics } from '../contract.ts';
import { transports } from '../contract.ts';
import { formatDay, formatFigure, formatMinute, formatNumber } from '../parts/format.ts';
import { transportNames } from '../parts/transports.ts';
import { messagesPerMinute } from './live.ts';
import { connectionsOf } from './series.ts';

interface FigureProps {
  readonly title: string;
  /** Null: not known yet. */
  readonly value: number | null;
  readonly children?: ComponentChildren;
}

function Figure({ title, value, children }: FigureProps) {
  return (
    <div class="now-figure">
      <dt>{title}</dt>
      <dd class="now-value" title={value === null ? undefined : formatNumber(value)}>
        {value === null ? '–' : formatFigure(value)}
      </dd>
      <dd class="now-more">{children}</dd>
    </div>
  );
}

export interface FiguresProps {
  readonly app: AppDetail;
  readonly seconds: readonly LiveFigures[];
}

/** What is so now, big and few. */
export function Figures({ app, seconds }: FiguresProps) {
  const now = seconds.at(-1);
  const quota = app.settings.find((setting) => setting.name === 'messagesPerDay')?.value;
  const today = now?.messagesToday ?? app.messagesToday;
  return (
    <dl class="now-figures">
      <Figure title="Messages a minute" value={messagesPerMinute(seconds, app.messagesPerMinute)}>
        <Spark values={seconds.map(({ published, clientEvents }) => published + clientEvents)} />
      </Figure>
      <Figure title="Open connections" value={now === undefined ? app.connections : connectionsOf(now)}>
        <Shares figures={now} />
      </Figure>
      <Figure title="Messages today (UTC)" value={today}>
        {typeof quota === 'number' && quota > 0 ? <Quota used={today} quota={quota} /> : 'No daily limit'}
      </Figure>
      <Figure title="Occupied channels" value={now?.channels ?? null}>
        {now !== undefined && now.nodes.known > 1 && <Nodes {...now.nodes} />}
      </Figure>
    </dl>
  );
}

/** The last minute as a line; what it shows is said by the figure. */
function Spark({ values }: { values: readonly number[] }) {
  const most = Math.max(...values, 1);
  const points = values.map(
    (value, index) => `${120 - (values.length - 1 - index) * 2},${(27 - (value / most) * 25).toFixed(1)}`,
  );
  return (
    <svg class="spark" viewBox="0 0 122 28" preserveAspectRatio="none" aria-hidden="true" focusable="false">
      <polyline points={points.join(' ')} />
    </svg>
  );
}

function Shares({ figures }: { figures: LiveFigures | undefined }) {
  if (figures === undefined) return null;
  const open = transports.filter((transport) => figures.connections[transport] > 0);
  if (open.length === 0) return <>Nobody is connected</>;
  return (
    <ul class="shares">
      {open.map((transport) => (
        <li key={transport}>
          {transportNames[transport]} <b>{formatFigure(figures.connections[transport])}</b>
        </li>
      ))}
    </ul>
  );
}

function Quota({ used, quota }: { used: number; quota: number }) {
  return (
    <>
      <progress
        class="quota"
        max={quota}
        value={Math.min(used, quota)}
        aria-label="Part of the daily limit"
      />
      {Math.floor((used / quota) * 100)} % of {formatFigure(quota)}
    </>
  );
}

function Nodes({ answered, known }: LiveFigures['nodes']) {
  return answered === known ? (
    <>Of all {known} nodes</>
  ) : (
    <span class="now-warn">
      {answered} of {known} nodes answered
    </span>
  );
}

/** The highest that there was, and when. */
export function Peaks({ peaks }: Pick<Statistics, 'peaks'>) {
  const { connections, messagesPerMinute: rate, messagesPerDay } = peaks;
  const all = [
    { title: 'Most connections', peak: connections, time: formatMinute },
    { title: 'Most messages in a minute', peak: rate, time: formatMinute },
    { title: 'Most messages in a day', peak: messagesPerDay, time: formatDay },
  ];
  return (
    <dl class="peaks">
      {all.map(({ title, peak, time }) => (
        <div key={title}>
          <dt>{title}</dt>
          <dd>
            {peak === null ? (
              <span class="absent">None yet</span>
            ) : (
              <>
                <b>{formatFigure(peak.value)}</b>{' '}
                <time dateTime={new Date(peak.at).toISOString()}>{time(peak.at)}</time>
              </>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}
