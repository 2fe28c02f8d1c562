import { pathOf } from '../client/api.ts';
import { useLoad } from '../client/use-load.ts';
import type { ChannelList, ChannelRow } from '../contract.ts';
import { Empty } from '../parts/empty.tsx';
import { Failing } from '../parts/failing.tsx';
import { FilterBox } from '../parts/filter-box.tsx';
import { counted, formatNumber } from '../parts/format.ts';
import { Skeleton } from '../parts/skeleton.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { type AppPageProps, useDesk, usePlace, useQuery } from '../shell/desk.ts';
import { DeskLink } from '../shell/link.tsx';
import { ChannelDetailPage } from './channel-detail.tsx';
import { useKept } from './use-kept.ts';
import { ChannelKind } from './words.tsx';

const everyMs = 3_000;

/** Occupied channels; below it, `/channels/{name}`, one of them. */
export default function ChannelsPage(props: AppPageProps) {
  const name = usePlace().path.split('/')[4];
  return name === undefined ? (
    <Channels {...props} />
  ) : (
    <ChannelDetailPage key={name} {...props} name={decodeURIComponent(name)} />
  );
}

function Channels({ app }: AppPageProps) {
  const { api } = useDesk();
  const [prefix, setPrefix] = useQuery('prefix');
  const { loaded, reload } = useLoad<ChannelList>(
    `${app.id} ${prefix}`,
    (signal) => api.request('GET', pathOf`/apps/${app.id}/channels`, { query: { prefix }, signal }),
    everyMs,
  );
  const list = useKept(loaded);
  if (list === undefined) {
    if (loaded.is === 'failed') {
      return <Failing failure={loaded.failure} what="The channels cannot be shown" retry={reload} />;
    }
    return <Skeleton lines={6} />;
  }

  const columns: readonly Column<ChannelRow>[] = [
    {
      id: 'name',
      title: 'Channel',
      isHead: true,
      sort: ({ name }) => name,
      cell: ({ name }) => (
        <DeskLink class="inspector-name" to={pathOf`/apps/${app.id}/channels/${name}`}>
          {name}
        </DeskLink>
      ),
    },
    {
      id: 'kind',
      title: 'Kind',
      sort: ({ kind }) => kind,
      cell: (channel) => <ChannelKind channel={channel} />,
    },
    {
      id: 'subscriptions',
      title: 'Subscriptions',
      numeric: true,
      sort: ({ subscriptions }) => -subscriptions,
      cell: ({ subscriptions }) => formatNumber(subscriptions),
    },
    {
      id: 'users',
      title: 'Members',
      numeric: true,
      sort: ({ users }) => -(users ?? -1),
      cell: ({ users }) => (users === null ? <span class="absent">–</span> : formatNumber(users)),
    },
  ];

  return (
    <section class="inspector-list" aria-labelledby="channels-title">
      <header class="page-title">
        <h2 id="channels-title">Occupied channels</h2>
        <p class="hint">A channel is here while somebody is subscribed to it. The list follows by itself.</p>
      </header>
      <div class="table-tools">
        <FilterBox label="Name begins with" value={prefix} onValue={setPrefix} />
        <p class="table-count">
          {list.channels.length < list.total
            ? `The ${formatNumber(list.channels.length)} with most subscriptions, of ${formatNumber(list.total)}. Type a beginning to find others.`
            : counted(list.total, 'channel')}
        </p>
      </div>
      {loaded.is === 'failed' && (
        <p class="strip" role="status">
          This list may be old: {loaded.failure.message}
        </p>
      )}
      <Table
        label="Occupied channels"
        columns={columns}
        rows={list.channels}
        rowKey={({ name }) => name}
        empty={
          prefix === '' ? (
            <Empty title="No channel is occupied">
              <p>Channels appear here as soon as a client subscribes, and go when the last one leaves.</p>
              <DeskLink class="button" to={pathOf`/apps/${app.id}/keys`}>
                Connect a client
              </DeskLink>
            </Empty>
          ) : (
            <Empty title={`No occupied channel begins with “${prefix}”`}>
              <button type="button" class="button" onClick={() => setPrefix('')}>
                Show all channels
              </button>
            </Empty>
          )
        }
      />
    </section>
  );
}
