import { useState } from 'preact/hooks';
import { ApiFailure, pathOf } from '../client/api.ts';
import type { FailedDelivery, WebhookEndpoint } from '../contract.ts';
import { Confirm } from '../parts/dialog.tsx';
import { Empty } from '../parts/empty.tsx';
import { Failing } from '../parts/failing.tsx';
import { counted, formatNumber } from '../parts/format.ts';
import { Glyph } from '../parts/glyph.tsx';
import { JsonView } from '../parts/json-view.tsx';
import { Skeleton } from '../parts/skeleton.tsx';
import { Ago } from '../parts/time.tsx';
import { useDesk, useQuery } from '../shell/desk.ts';
import { EndpointFilter, More } from './attempts.tsx';
import { usePages } from './use-pages.ts';
import { shortUrl } from './words.ts';

export interface FailedProps {
  readonly appId: string;
  readonly endpoints: readonly WebhookEndpoint[];
  readonly reloadEndpoints: () => Promise<void>;
}

/** Events that were given up after five minutes of tries, to be sent once more. */
export function Failed({ appId, endpoints, reloadEndpoints }: FailedProps) {
  const { api, notify } = useDesk();
  const [endpoint, setEndpoint] = useQuery('endpoint');
  const [asking, setAsking] = useState(false);
  const [busyId, setBusyId] = useState<string | null>(null);
  /** Put back by the last replay. */
  const [replayed, setReplayed] = useState(0);
  const path = pathOf`/apps/${appId}/webhooks/failed`;
  const pages = usePages<FailedDelivery>(path, { endpoint });
  const among = endpoints.filter(({ id }) => endpoint === '' || id === endpoint);
  const failed = among.reduce((sum, one) => sum + one.failed, 0);
  const waiting = among.reduce((sum, one) => sum + one.waiting, 0);

  const afterReplay = async (count: number) => {
    setReplayed(count);
    await Promise.all([pages.reload(), reloadEndpoints()]);
  };
  const replayOne = async (id: string) => {
    if (busyId !== null) return;
    setBusyId(id);
    try {
      const { replayed: count } = await api.request<{ replayed: number }>('POST', `${path}/replay`, {
        body: { ids: [id] },
      });
      await afterReplay(count);
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      notify({ kind: 'bad', text: error.message });
    } finally {
      setBusyId(null);
    }
  };
  const replayAll = async () => {
    let count = 0;
    for (const { id } of among.filter((one) => one.failed > 0)) {
      const answer = await api.request<{ replayed: number }>('POST', `${path}/replay`, {
        body: { endpointId: id },
      });
      count += answer.replayed;
    }
    await afterReplay(count);
  };

  return (
    <div class="part">
      <div class="table-tools hooks-tools hooks-failed-tools">
        <EndpointFilter endpoints={endpoints} value={endpoint} onValue={setEndpoint} />
        {failed > 0 && (
          <button type="button" class="button button-primary" onClick={() => setAsking(true)}>
            <Glyph name="refresh" />
            Replay all {formatNumber(failed)}
          </button>
        )}
      </div>
      <Progress replayed={replayed} waiting={waiting} failed={failed} />
      {pages.rows === undefined ? (
        pages.failure === undefined ? (
          <Skeleton lines={6} />
        ) : (
          <Failing failure={pages.failure} what="The failed events cannot be shown" retry={pages.reload} />
        )
      ) : pages.rows.length === 0 ? (
        <Empty title="Nothing was given up" level={3}>
          <p>
            What your server does not take is tried again for five minutes. After that it stands here for a
            week, to be replayed.
          </p>
        </Empty>
      ) : (
        <>
          <ul class="hooks-attempts" aria-label="Failed events">
            {pages.rows.map((one) => (
              <FailedRow
                key={one.id}
                delivery={one}
                url={endpoints.find(({ id }) => id === one.endpointId)?.url ?? null}
                busy={busyId === one.id}
                onReplay={() => void replayOne(one.id)}
              />
            ))}
          </ul>
          <More pages={pages} />
        </>
      )}
      {asking && (
        <Confirm
          title={`Replay ${counted(failed, 'event')}?`}
          action="Replay all"
          harmless
          onClose={() => setAsking(false)}
          onConfirm={replayAll}
        >
          <p>
            They are sent in their old order, with the time of now. Your server may have had one of them
            before.
          </p>
        </Confirm>
      )}
    </div>
  );
}

/** How a replay goes on: what was put back, and how much of the queue is left. */
function Progress({ replayed, waiting, failed }: { replayed: number; waiting: number; failed: number }) {
  return (
    <div role="status">
      {replayed > 0 && (
        <p class="hooks-progress">
          <Glyph name={waiting === 0 ? 'check' : 'refresh'} />
          <span>
            {counted(replayed, 'event')} put back.{' '}
            {waiting > 0
              ? `${formatNumber(waiting)} ${waiting === 1 ? 'waits' : 'wait'} to be delivered…`
              : failed > 0
                ? 'Nothing waits now.'
                : 'All is delivered.'}
          </span>
        </p>
      )}
    </div>
  );
}

interface FailedRowProps {
  readonly delivery: FailedDelivery;
  readonly url: string | null;
  readonly busy: boolean;
  readonly onReplay: () => void;
}

function FailedRow({ delivery, url, busy, onReplay }: FailedRowProps) {
  const [open, setOpen] = useState(false);
  const { name, channel, event, failedAt, createdAt, attempts, reason } = delivery;
  return (
    <li class="hooks-attempt hooks-failed-row">
      <button type="button" class="hooks-attempt-line" aria-expanded={open} onClick={() => setOpen(!open)}>
        <Glyph name="next" />
        <span class="hooks-attempt-what">
          {name} <code>{channel}</code>
          {reason !== null && <span class="hooks-attempt-reason"> {reason}</span>}
        </span>
        <span class="hooks-attempt-url">{url === null ? 'deleted endpoint' : shortUrl(url)}</span>
        <span class="hooks-attempt-measure">
          given up <Ago at={failedAt} />
        </span>
      </button>
      <button type="button" class="button button-small" aria-disabled={busy} onClick={onReplay}>
        Replay
        <span class="visually-hidden">
          {' '}
          {name} of {channel}
        </span>
      </button>
      {open && (
        <div class="hooks-attempt-body">
          <p class="hint">
            Happened <Ago at={createdAt} />; {counted(attempts, 'attempt')}.
          </p>
          {event === null ? (
            <p class="hint">What was in it is hidden: the channel’s content is kept out of the desk.</p>
          ) : (
            <JsonView text={event} what="event" />
          )}
        </div>
      )}
    </li>
  );
}
