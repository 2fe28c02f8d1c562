import { useState } from 'preact/hooks';
import { pathOf } from '../client/api.ts';
import { useLoad } from '../client/use-load.ts';
import type { AppDetail, ChannelDetail } from '../contract.ts';
import { Badge } from '../parts/badge.tsx';
import { Empty } from '../parts/empty.tsx';
import { Failing } from '../parts/failing.tsx';
import { counted, formatBytes, formatMoment, formatNumber } from '../parts/format.ts';
import { JsonView } from '../parts/json-view.tsx';
import { Skeleton } from '../parts/skeleton.tsx';
import { Table } from '../parts/table.tsx';
import { type AppPageProps, useDesk } from '../shell/desk.ts';
import { DeskLink } from '../shell/link.tsx';
import { ConnectionsTable } from './connections-table.tsx';
import { TerminateUser } from './terminate.tsx';
import { ChannelKind, DetailHead } from './words.tsx';

const everyMs = 3_000;

/** One channel: who is there, what it keeps. */
export function ChannelDetailPage({ app, name }: AppPageProps & { name: string }) {
  const { api } = useDesk();
  const { loaded, reload } = useLoad<ChannelDetail>(
    `${app.id} ${name}`,
    (signal) => api.request('GET', pathOf`/apps/${app.id}/channels/${name}`, { signal }),
    everyMs,
  );
  const gone = loaded.is === 'failed' && loaded.failure.code === 'not_found';
  const channel = gone ? undefined : loaded.value;
  const query = `?channel=${encodeURIComponent(name)}`;

  return (
    <article class="page">
      <DetailHead
        back={pathOf`/apps/${app.id}/channels`}
        backWord="Channels"
        name={name}
        about={channel && <ChannelKind channel={channel} />}
      >
        <DeskLink class="button" to={`${pathOf`/apps/${app.id}/events`}${query}`}>
          Send an event
        </DeskLink>
        <DeskLink class="button" to={`${pathOf`/apps/${app.id}/console`}${query}`}>
          Follow in the console
        </DeskLink>
      </DetailHead>
      {gone ? (
        <Empty title="Nobody is subscribed to this channel" level={3}>
          <p>It keeps no event either. This page follows: it fills as soon as a client subscribes.</p>
        </Empty>
      ) : channel !== undefined ? (
        <Channel app={app} channel={channel} reload={reload} />
      ) : loaded.is === 'failed' ? (
        <Failing failure={loaded.failure} what="The channel cannot be shown" retry={reload} />
      ) : (
        <Skeleton lines={6} />
      )}
    </article>
  );
}

function Channel(props: { app: AppDetail; channel: ChannelDetail; reload: () => Promise<void> }) {
  const { app, channel, reload } = props;
  const [ending, setEnding] = useState<string | null>(null);
  const presence = channel.kind === 'presence';
  return (
    <>
      {channel.contentHidden && (
        <p class="inspector-hidden">
          <Badge kind="warn">Content hidden</Badge> The app’s settings keep what is said in this channel out
          of the desk: names, kinds and sizes only.
        </p>
      )}
      <dl class="figures">
        <div>
          <dt>Subscriptions</dt>
          <dd>{formatNumber(channel.subscriptions)}</dd>
        </div>
        {channel.users !== null && (
          <div>
            <dt>Members</dt>
            <dd>{formatNumber(channel.users)}</dd>
          </div>
        )}
      </dl>
      {(channel.isCache || channel.cached !== null) && (
        <section class="part" aria-labelledby="cached-title">
          <h3 id="cached-title">Kept event</h3>
          {channel.cached === null ? (
            <p class="hint">None now. The next event that is published here is kept for later subscribers.</p>
          ) : (
            <>
              <p class="inspector-cached">
                <code>{channel.cached.event}</code>
                <span class="hint">
                  {formatBytes(channel.cached.dataBytes)}, kept until {formatMoment(channel.cached.expiresAt)}
                </span>
              </p>
              {channel.cached.data === null ? (
                <p class="hint">Its data is hidden.</p>
              ) : (
                <JsonView text={channel.cached.data} what="kept event’s data" />
              )}
            </>
          )}
        </section>
      )}
      {presence && (
        <section class="part" aria-labelledby="members-title">
          <h3 id="members-title">Members</h3>
          {channel.users !== null && channel.members.length < channel.users && (
            <p class="hint">
              {formatNumber(channel.members.length)} of {formatNumber(channel.users)} are shown.
            </p>
          )}
          <Table
            label="Members"
            rows={channel.members}
            rowKey={({ userId }) => userId}
            textOf={({ userId, userInfo }) => `${userId} ${userInfo ?? ''}`}
            filterLabel="Filter members"
            columns={[
              {
                id: 'user',
                title: 'User',
                isHead: true,
                sort: ({ userId }) => userId,
                cell: ({ userId }) => (
                  <DeskLink
                    class="inspector-name"
                    to={`${pathOf`/apps/${app.id}/connections`}?user=${encodeURIComponent(userId)}`}
                  >
                    {userId}
                  </DeskLink>
                ),
              },
              {
                id: 'info',
                title: 'User info',
                cell: ({ userId, userInfo }) =>
                  userInfo === null ? (
                    <span class="absent">{channel.contentHidden ? 'hidden' : 'none'}</span>
                  ) : (
                    <JsonView text={userInfo} what={`user info of ${userId}`} open={0} />
                  ),
              },
              {
                id: 'acts',
                title: 'Terminate',
                quiet: true,
                cell: ({ userId }) => (
                  <button type="button" class="button button-plain" onClick={() => setEnding(userId)}>
                    Terminate<span class="visually-hidden"> the user {userId}</span>
                  </button>
                ),
              },
            ]}
            empty={<p class="hint">Nobody.</p>}
          />
        </section>
      )}
      <section class="part" aria-labelledby="subscribers-title">
        <h3 id="subscribers-title">Subscribed connections</h3>
        {channel.connections.length < channel.subscriptions && (
          <p class="hint">
            {counted(channel.connections.length, 'connection')} of {formatNumber(channel.subscriptions)}.{' '}
            <DeskLink
              to={`${pathOf`/apps/${app.id}/connections`}?channel=${encodeURIComponent(channel.name)}`}
            >
              Search among them
            </DeskLink>
          </p>
        )}
        <ConnectionsTable
          appId={app.id}
          connections={channel.connections}
          empty={
            <p class="hint">Nobody is subscribed now. The channel is here for the event that it keeps.</p>
          }
        />
      </section>
      {ending !== null && (
        <TerminateUser appId={app.id} userId={ending} onClose={() => setEnding(null)} onDone={reload} />
      )}
    </>
  );
}
