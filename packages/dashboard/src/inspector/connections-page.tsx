import { pathOf } from '../client/api.ts';
import { useLoad } from '../client/use-load.ts';
import type { ConnectionList } from '../contract.ts';
import { Empty } from '../parts/empty.tsx';
import { Failing } from '../parts/failing.tsx';
import { FilterBox } from '../parts/filter-box.tsx';
import { counted, formatNumber } from '../parts/format.ts';
import { Skeleton } from '../parts/skeleton.tsx';
import { type AppPageProps, useDesk, usePlace, useQuery } from '../shell/desk.ts';
import { DeskLink } from '../shell/link.tsx';
import { ConnectionDetailPage } from './connection-detail.tsx';
import { ConnectionsTable } from './connections-table.tsx';
import { useKept } from './use-kept.ts';
import { NodesNote } from './words.tsx';

const everyMs = 3_000;

/** Open connections; below it, `/connections/{socket id}`, one of them. */
export default function ConnectionsPage(props: AppPageProps) {
  const socketId = usePlace().path.split('/')[4];
  return socketId === undefined ? (
    <Connections {...props} />
  ) : (
    <ConnectionDetailPage key={socketId} {...props} socketId={decodeURIComponent(socketId)} />
  );
}

function Connections({ app }: AppPageProps) {
  const { api, router } = useDesk();
  const [socket, setSocket] = useQuery('socket');
  const [user, setUser] = useQuery('user');
  const [channel, setChannel] = useQuery('channel');
  const { loaded, reload } = useLoad<ConnectionList>(
    JSON.stringify([app.id, socket, user, channel]),
    (signal) =>
      api.request('GET', pathOf`/apps/${app.id}/connections`, { query: { socket, user, channel }, signal }),
    everyMs,
  );
  const list = useKept(loaded);
  if (list === undefined) {
    if (loaded.is === 'failed') {
      return <Failing failure={loaded.failure} what="The connections cannot be shown" retry={reload} />;
    }
    return <Skeleton lines={6} />;
  }
  const filtered = socket !== '' || user !== '' || channel !== '';

  return (
    <section class="inspector-list" aria-labelledby="connections-title">
      <header class="page-title">
        <h2 id="connections-title">Open connections</h2>
        <p class="hint">Everybody who is connected now, the newest first. The list follows by itself.</p>
      </header>
      <div class="table-tools inspector-filters">
        <FilterBox label="Socket id" value={socket} onValue={setSocket} />
        <FilterBox label="User" value={user} onValue={setUser} />
        <FilterBox label="Channel" value={channel} onValue={setChannel} />
        <p class="table-count">
          {list.connections.length < list.total
            ? `The newest ${formatNumber(list.connections.length)} of ${formatNumber(list.total)}`
            : counted(list.total, 'connection')}
        </p>
      </div>
      <NodesNote nodes={list.nodes} />
      {loaded.is === 'failed' && (
        <p class="strip" role="status">
          This list may be old: {loaded.failure.message}
        </p>
      )}
      <ConnectionsTable
        appId={app.id}
        connections={list.connections}
        empty={
          filtered ? (
            <Empty title="No open connection matches">
              <p>A socket id is found by its beginning, users and channels by their whole name.</p>
              <button
                type="button"
                class="button"
                onClick={() => void router.go(pathOf`/apps/${app.id}/connections`, { replace: true })}
              >
                Show all connections
              </button>
            </Empty>
          ) : (
            <Empty title="Nobody is connected">
              <p>Clients appear here as soon as they connect with a key of this app.</p>
              <DeskLink class="button" to={pathOf`/apps/${app.id}/keys`}>
                Connect a client
              </DeskLink>
            </Empty>
          )
        }
      />
    </section>
  );
}
