import { useState } from 'preact/hooks';
import { pathOf } from '../client/api.ts';
import type { WebhookAttempt, WebhookEndpoint } from '../contract.ts';
import { Badge } from '../parts/badge.tsx';
import { Empty } from '../parts/empty.tsx';
import { Failing } from '../parts/failing.tsx';
import { SelectField } from '../parts/field.tsx';
import { formatClock, formatDuration, formatMoment } from '../parts/format.ts';
import { Glyph } from '../parts/glyph.tsx';
import { Skeleton } from '../parts/skeleton.tsx';
import { useQuery } from '../shell/desk.ts';
import { Exchange } from './exchange.tsx';
import { usePages } from './use-pages.ts';
import { shortUrl } from './words.ts';

export interface AttemptsProps {
  readonly appId: string;
  readonly endpoints: readonly WebhookEndpoint[];
}

/** Every request that was made for an event, the newest first. */
export function Attempts({ appId, endpoints }: AttemptsProps) {
  const [endpoint, setEndpoint] = useQuery('endpoint');
  const [outcome, setOutcome] = useQuery('outcome');
  const pages = usePages<WebhookAttempt>(pathOf`/apps/${appId}/webhooks/attempts`, { endpoint, outcome });

  return (
    <div class="part">
      <div class="table-tools hooks-tools">
        <EndpointFilter endpoints={endpoints} value={endpoint} onValue={setEndpoint} />
        <SelectField
          label="Outcome"
          quietLabel
          value={outcome}
          onValue={setOutcome}
          options={[
            { value: '', label: 'Taken and failed' },
            { value: 'ok', label: 'Taken' },
            { value: 'failed', label: 'Failed' },
          ]}
        />
      </div>
      {pages.rows === undefined ? (
        pages.failure === undefined ? (
          <Skeleton lines={6} />
        ) : (
          <Failing failure={pages.failure} what="The attempts cannot be shown" retry={pages.reload} />
        )
      ) : pages.rows.length === 0 ? (
        <Empty
          title={endpoint === '' && outcome === '' ? 'Nothing was sent yet' : 'No such attempt'}
          level={3}
        >
          <p>
            {endpoint === '' && outcome === ''
              ? 'Each request to an endpoint stands here for a week, with what was sent and what came back.'
              : 'Attempts are kept for a week.'}
          </p>
        </Empty>
      ) : (
        <>
          <ul class="hooks-attempts" aria-label="Attempts">
            {pages.rows.map((attempt) => (
              <Attempt
                key={attempt.id}
                attempt={attempt}
                url={endpoints.find(({ id }) => id === attempt.endpointId)?.url ?? null}
              />
            ))}
          </ul>
          <More pages={pages} />
        </>
      )}
    </div>
  );
}

function Attempt({ attempt, url }: { attempt: WebhookAttempt; url: string | null }) {
  const [open, setOpen] = useState(false);
  const { ok, status, at, durationMs, events } = attempt;
  const [first, ...others] = events;
  return (
    <li class="hooks-attempt">
      <button type="button" class="hooks-attempt-line" aria-expanded={open} onClick={() => setOpen(!open)}>
        <Glyph name="next" />
        <time class="hooks-attempt-time" dateTime={new Date(at).toISOString()} title={formatMoment(at)}>
          {formatClock(at)}
        </time>
        <Badge kind={ok ? 'good' : 'bad'}>{status ?? 'no answer'}</Badge>
        <span class="hooks-attempt-what">
          {first === undefined ? 'no event' : `${first.name} `}
          {first !== undefined && <code>{first.channel}</code>}
          {others.length > 0 && ` and ${others.length} more`}
          {attempt.reason !== null && <span class="hooks-attempt-reason"> {attempt.reason}</span>}
        </span>
        <span class="hooks-attempt-url">{url === null ? 'deleted endpoint' : shortUrl(url)}</span>
        <span class="hooks-attempt-measure">
          {attempt.attempt > 1 && `attempt ${attempt.attempt} · `}
          {formatDuration(durationMs)}
        </span>
      </button>
      {open && (
        <div class="hooks-attempt-body">
          <Exchange exchange={attempt} />
        </div>
      )}
    </li>
  );
}

interface EndpointFilterProps {
  readonly endpoints: readonly WebhookEndpoint[];
  readonly value: string;
  readonly onValue: (value: string) => void;
}

export function EndpointFilter({ endpoints, value, onValue }: EndpointFilterProps) {
  return (
    <SelectField
      label="Endpoint"
      quietLabel
      value={endpoints.some(({ id }) => id === value) ? value : ''}
      onValue={onValue}
      options={[
        { value: '', label: 'All endpoints' },
        ...endpoints.map(({ id, url }) => ({ value: id, label: shortUrl(url) })),
      ]}
    />
  );
}

/** The button under a list that goes on. */
export function More({ pages }: { pages: { more: boolean; busy: boolean; loadMore: () => void } }) {
  if (!pages.more) return null;
  return (
    <div class="hooks-more">
      <button type="button" class="button" aria-disabled={pages.busy} onClick={pages.loadMore}>
        {pages.busy ? 'Loading…' : 'Show older ones'}
      </button>
    </div>
  );
}
