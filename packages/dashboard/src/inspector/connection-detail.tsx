import { useState } from 'preact/hooks';
import { pathOf } from '../client/api.ts';
import { useLoad } from '../client/use-load.ts';
import { transportNames } from '../console/format.ts';
import type { ConnectionDetail } from '../contract.ts';
import { Empty } from '../parts/empty.tsx';
import { Failing } from '../parts/failing.tsx';
import { formatBytes, formatDuration, formatNumber } from '../parts/format.ts';
import { Skeleton } from '../parts/skeleton.tsx';
import { Ago, useNow } from '../parts/time.tsx';
import { type AppPageProps, useDesk } from '../shell/desk.ts';
import { DeskLink } from '../shell/link.tsx';
import { TerminateConnection, TerminateUser } from './terminate.tsx';
import { DetailHead, Fact } from './words.tsx';

const everyMs = 3_000;

/** One connection: who it is, where it comes from, what it hears. */
export function ConnectionDetailPage({ app, socketId }: AppPageProps & { socketId: string }) {
  const { api } = useDesk();
  const [ending, setEnding] = useState<'connection' | 'user' | null>(null);
  const { loaded, reload } = useLoad<ConnectionDetail>(
    `${app.id} ${socketId}`,
    (signal) => api.request('GET', pathOf`/apps/${app.id}/connections/${socketId}`, { signal }),
    everyMs,
  );
  const gone = loaded.is === 'failed' && loaded.failure.code === 'not_found';
  const connection = loaded.value;
  const userId = connection?.userId ?? null;

  return (
    <article class="page">
      <DetailHead back={pathOf`/apps/${app.id}/connections`} backWord="Connections" name={socketId}>
        <DeskLink
          class="button"
          to={`${pathOf`/apps/${app.id}/console`}?socket=${encodeURIComponent(socketId)}`}
        >
          Follow in the console
        </DeskLink>
        {!gone && connection !== undefined && (
          <button type="button" class="button button-danger-quiet" onClick={() => setEnding('connection')}>
            Terminate
          </button>
        )}
        {!gone && userId !== null && (
          <button type="button" class="button button-danger-quiet" onClick={() => setEnding('user')}>
            Terminate the user
          </button>
        )}
      </DetailHead>
      {gone ? (
        <Empty title="This connection is closed" level={3}>
          <p>
            A socket id stands for one connection and is never used again: who came back has another one.
            {userId !== null && (
              <>
                {' '}
                <DeskLink to={`${pathOf`/apps/${app.id}/connections`}?user=${encodeURIComponent(userId)}`}>
                  Other connections of this user
                </DeskLink>
              </>
            )}
          </p>
          <DeskLink class="button" to={pathOf`/apps/${app.id}/connections`}>
            All connections
          </DeskLink>
        </Empty>
      ) : connection !== undefined ? (
        <Connection appId={app.id} connection={connection} />
      ) : loaded.is === 'failed' ? (
        <Failing failure={loaded.failure} what="The connection cannot be shown" retry={reload} />
      ) : (
        <Skeleton lines={6} />
      )}
      {ending === 'connection' && (
        <TerminateConnection
          appId={app.id}
          socketId={socketId}
          onClose={() => setEnding(null)}
          onDone={reload}
        />
      )}
      {ending === 'user' && userId !== null && (
        <TerminateUser appId={app.id} userId={userId} onClose={() => setEnding(null)} onDone={reload} />
      )}
    </article>
  );
}

function Connection({ appId, connection }: { appId: string; connection: ConnectionDetail }) {
  const now = useNow(1_000);
  const { userId, channelNames, memberOf } = connection;
  const membership = new Map(memberOf.map((one) => [one.channel, one.userId]));
  return (
    <>
      <dl class="figures">
        <div>
          <dt>Connected for</dt>
          <dd>{formatDuration(Math.max(0, now - connection.connectedAt))}</dd>
        </div>
        <div>
          <dt>Channels</dt>
          <dd>{formatNumber(connection.channels)}</dd>
        </div>
        <div>
          <dt>Waits to be written</dt>
          <dd>{formatBytes(connection.queuedBytes)}</dd>
        </div>
      </dl>
      <dl class="fact-list">
        <Fact name="User">
          {userId === null ? (
            <span class="absent">not signed in</span>
          ) : (
            <bdi class="inspector-user">{userId}</bdi>
          )}
        </Fact>
        <Fact name="Transport">{transportNames[connection.transport]}</Fact>
        <Fact name="Address">
          <code>{connection.address}</code>
        </Fact>
        <Fact name="Origin">
          {connection.origin === null ? (
            <span class="absent">none given</span>
          ) : (
            <code>{connection.origin}</code>
          )}
        </Fact>
        <Fact name="Client">
          {connection.client === null ? <span class="absent">none given</span> : connection.client}
        </Fact>
        <Fact name="Protocol">{connection.protocol}</Fact>
        <Fact name="Last heard from">
          <Ago at={connection.lastSeenAt} />
        </Fact>
        <Fact name="Node">
          <code>{connection.node}</code>
        </Fact>
      </dl>
      <section class="part" aria-labelledby="of-title">
        <h3 id="of-title">Subscribed to</h3>
        {channelNames.length === 0 ? (
          <p class="hint">No channel.</p>
        ) : (
          <ul class="inspector-channels">
            {channelNames.map((name) => (
              <li key={name}>
                <DeskLink class="inspector-name" to={pathOf`/apps/${appId}/channels/${name}`}>
                  {name}
                </DeskLink>
                {membership.has(name) && (
                  <span class="hint">
                    member <bdi>{membership.get(name)}</bdi>
                  </span>
                )}
              </li>
            ))}
          </ul>
        )}
        {channelNames.length < connection.channels && (
          <p class="hint">
            {formatNumber(channelNames.length)} of {formatNumber(connection.channels)} are shown.
          </p>
        )}
      </section>
    </>
  );
}
