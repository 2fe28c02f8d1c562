import { useState } from 'preact/hooks';
import { ApiFailure, pathOf } from '../client/api.ts';
import { type WebhookEndpoint, webhookKindNames } from '../contract.ts';
import { Badge } from '../parts/badge.tsx';
import { Confirm } from '../parts/dialog.tsx';
import { Switch } from '../parts/field.tsx';
import { counted, formatNumber } from '../parts/format.ts';
import { Glyph } from '../parts/glyph.tsx';
import { Ago } from '../parts/time.tsx';
import { useDesk } from '../shell/desk.ts';
import { DeskLink } from '../shell/link.tsx';
import { TestDialog } from './test-dialog.tsx';
import { kindWords } from './words.ts';

export interface EndpointProps {
  readonly appId: string;
  readonly endpoint: WebhookEndpoint;
  readonly onEdit: () => void;
  readonly onChanged: () => Promise<void>;
}

/** One endpoint: what it is told, how it does, what one can do. */
export function Endpoint({ appId, endpoint, onEdit, onChanged }: EndpointProps) {
  const { api, notify } = useDesk();
  const [asking, setAsking] = useState<'delete' | 'test' | null>(null);
  const [busy, setBusy] = useState(false);
  const { url, kinds, prefix, headers, batching, enabled, lockedBy, waiting, failed, lastAttempt } = endpoint;
  const path = pathOf`/apps/${appId}/webhooks/${endpoint.id}`;
  const page = pathOf`/apps/${appId}/webhooks`;
  const query = (view: string) => `${page}?view=${view}&endpoint=${encodeURIComponent(endpoint.id)}`;

  const enable = async (value: boolean) => {
    if (busy) return;
    setBusy(true);
    try {
      await api.request('PATCH', path, { body: { enabled: value } });
      await onChanged();
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      notify({ kind: 'bad', text: error.message });
    } finally {
      setBusy(false);
    }
  };

  return (
    <li class="card hooks-endpoint">
      <div class="hooks-endpoint-head">
        <h3 class="hooks-url">
          <code>{url}</code>
        </h3>
        {lockedBy !== null ? (
          <span class="hooks-lock">
            <Badge>
              <Glyph name="lock" /> {lockedBy}
            </Badge>
          </span>
        ) : (
          <Switch label={enabled ? 'On' : 'Off'} value={enabled} onValue={enable} />
        )}
      </div>
      <p class="hooks-about">
        {kinds.length === webhookKindNames.length
          ? 'Every kind of event'
          : kinds.map((kind) => kindWords[kind].name).join(', ')}
        {prefix !== '' && (
          <>
            , of channels that begin with <code>{prefix}</code>
          </>
        )}
        {`. ${batching ? 'Up to 20 events in a request' : 'One event in a request'}`}
        {Object.keys(headers).length > 0 &&
          `, with ${counted(Object.keys(headers).length, 'header')} of its own`}
        .
      </p>
      <dl class="hooks-facts">
        <div>
          <dt>Last attempt</dt>
          <dd>
            {lastAttempt === null ? (
              <span class="absent">none yet</span>
            ) : (
              <>
                <Badge kind={lastAttempt.ok ? 'good' : 'bad'}>{lastAttempt.status ?? 'no answer'}</Badge>{' '}
                <Ago at={lastAttempt.at} />
              </>
            )}
          </dd>
        </div>
        <div>
          <dt>Waiting</dt>
          <dd>{formatNumber(waiting)}</dd>
        </div>
        <div>
          <dt>Given up</dt>
          <dd>{failed === 0 ? 0 : <DeskLink to={query('failed')}>{formatNumber(failed)}</DeskLink>}</dd>
        </div>
      </dl>
      {!enabled && lockedBy === null && (
        <p class="hint">It is off: it is told nothing, and what waited for it is among the failed ones.</p>
      )}
      {lockedBy !== null && (
        <p class="hint">
          Its address is set by {lockedBy} where the server is started, so it is changed there.
        </p>
      )}
      <div class="actions hooks-acts">
        <button type="button" class="button" onClick={() => setAsking('test')}>
          Send a test
        </button>
        {lockedBy === null && (
          <button type="button" class="button" onClick={onEdit}>
            Edit
          </button>
        )}
        <DeskLink class="button button-plain" to={query('attempts')}>
          Attempts
        </DeskLink>
        {lockedBy === null && (
          <button
            type="button"
            class="button button-plain button-danger-quiet"
            onClick={() => setAsking('delete')}
          >
            Delete
          </button>
        )}
      </div>
      {asking === 'test' && <TestDialog path={path} url={url} onClose={() => setAsking(null)} />}
      {asking === 'delete' && (
        <Confirm
          title="Delete this endpoint?"
          action="Delete the endpoint"
          onClose={() => setAsking(null)}
          onConfirm={async () => {
            await api.request<void>('DELETE', path);
            notify({ kind: 'good', text: 'The endpoint is deleted.' });
            await onChanged();
          }}
        >
          <p>
            <code>{url}</code> is told nothing any more.
          </p>
          {waiting + failed > 0 && (
            <p>
              {counted(waiting, 'event')} that still {waiting === 1 ? 'waits' : 'wait'} for it and{' '}
              {counted(failed, 'event')} that could be replayed go with it.
            </p>
          )}
        </Confirm>
      )}
    </li>
  );
}
