import { Dot } from '@earshot/ui';
import { useMemo } from 'preact/hooks';
import { pathOf } from '../client/api.ts';
import { useLoad } from '../client/use-load.ts';
import type { Range, Statistics } from '../contract.ts';
import { Empty } from '../parts/empty.tsx';
import { Failing } from '../parts/failing.tsx';
import { Choice } from '../parts/field.tsx';
import { Skeleton } from '../parts/skeleton.tsx';
import { type AppPageProps, useDesk, useQuery } from '../shell/desk.ts';
import { DeskLink } from '../shell/link.tsx';
import { Chart } from './chart.tsx';
import { Figures, Peaks } from './figures.tsx';
import { type Live, useLive } from './live.ts';
import { connections, delivered, isQuiet, messages, perDay, requests, webhooks } from './series.ts';
import { timesOf } from './times.ts';

const ranges: readonly { value: Range; label: string }[] = [
  { value: 'hour', label: 'Hour' },
  { value: 'day', label: 'Day' },
  { value: 'month', label: '30 days' },
];
/** How often the charts are asked for again. */
const everyMs = 20_000;

/** What happens in an app now, and what has. */
export default function OverviewPage({ app }: AppPageProps) {
  const { api } = useDesk();
  const [asked, setAsked] = useQuery('range');
  const range = ranges.find(({ value }) => value === asked)?.value ?? 'hour';
  const live = useLive(app);
  const { loaded, reload } = useLoad<Statistics>(
    `${app.id} ${range}`,
    (signal) => api.request('GET', pathOf`/apps/${app.id}/statistics`, { query: { range }, signal }),
    everyMs,
  );

  return (
    <div class="page">
      <section class="part" aria-labelledby="now-title">
        <div class="part-head">
          <h2 id="now-title">Now</h2>
          <LiveState live={live} />
        </div>
        <Figures app={app} seconds={live.seconds} />
      </section>
      <section class="part" aria-labelledby="then-title">
        <div class="part-head">
          <h2 id="then-title">Over time</h2>
          <Choice
            label="Range"
            value={range}
            options={ranges}
            onValue={(value) => setAsked(value === 'hour' ? '' : value)}
          />
        </div>
        {loaded.value === undefined ? (
          loaded.is === 'loading' ? (
            <Skeleton lines={9} />
          ) : (
            <Failing failure={loaded.failure} what="The figures cannot be shown" retry={reload} />
          )
        ) : (
          <OverTime statistics={loaded.value} appId={app.id} />
        )}
      </section>
    </div>
  );
}

function LiveState({ live: { state, retry } }: { live: Live }) {
  if (state.is === 'refused') {
    return (
      <p class="live">
        <Dot state="bad" />
        {state.failure.message}
        <button type="button" class="button button-small" onClick={retry}>
          Try again
        </button>
      </p>
    );
  }
  return (
    <p class="live" role="status">
      <Dot state={state.is === 'open' ? 'good' : 'warn'} />
      {state.is === 'open' ? 'Live' : state.is === 'connecting' ? 'Connecting' : 'Reconnecting'}
    </p>
  );
}

function OverTime({ statistics, appId }: { statistics: Statistics; appId: string }) {
  const { range } = statistics;
  const time = timesOf(range);
  const data = useMemo(() => {
    const now = Date.now();
    return {
      messages: messages(statistics, now),
      delivered: delivered(statistics, now),
      connections: connections(statistics),
      requests: requests(statistics, now),
      webhooks: webhooks(statistics, now),
      perDay: perDay(statistics),
    };
  }, [statistics]);

  if (isQuiet(statistics)) {
    return (
      <Empty title={range === 'hour' ? 'Quiet in the last hour' : 'Nothing yet'} level={3}>
        <p>
          Connections and messages are drawn here as soon as there are some. Connect a client, or publish an
          event.
        </p>
        <DeskLink class="button" to={pathOf`/apps/${appId}/keys`}>
          Keys and snippets
        </DeskLink>
      </Empty>
    );
  }
  const shared = { time, syncKey: `overview-${range}` };
  return (
    <>
      <Peaks peaks={statistics.peaks} />
      <div class="charts">
        <Chart {...shared} title="Messages" unit="in a minute" kind="lines" data={data.messages} />
        <Chart {...shared} title="Connections" unit="most at a time" kind="stacked" data={data.connections} />
        <Chart {...shared} title="Deliveries" unit="in a minute" kind="lines" data={data.delivered} />
        <Chart {...shared} title="API requests" unit="in a minute" kind="lines" data={data.requests} />
        <Chart {...shared} title="Webhooks" unit="in a minute" kind="lines" data={data.webhooks} />
        {data.perDay.at.length > 0 && (
          <Chart
            title="Messages"
            unit="in a day (UTC)"
            kind="bars"
            data={data.perDay}
            time={days}
            syncKey="days"
          />
        )}
      </div>
    </>
  );
}

const days = timesOf('days');
