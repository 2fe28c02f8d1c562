import { useCallback, useState } from 'preact/hooks';
import { pathOf } from '../client/api.ts';
import { useLoad } from '../client/use-load.ts';
import type { WebhookEndpoint } from '../contract.ts';
import { Empty } from '../parts/empty.tsx';
import { Failing } from '../parts/failing.tsx';
import { Choice } from '../parts/field.tsx';
import { formatNumber } from '../parts/format.ts';
import { Glyph } from '../parts/glyph.tsx';
import { Skeleton } from '../parts/skeleton.tsx';
import { type AppPageProps, useDesk, useQuery } from '../shell/desk.ts';
import { Attempts } from './attempts.tsx';
import { Endpoint } from './endpoint.tsx';
import { EndpointDialog } from './endpoint-dialog.tsx';
import { Failed } from './failed.tsx';

const everyMs = 3_000;
/** As many as the server takes. */
const endpointsMax = 10;

const views = ['endpoints', 'attempts', 'failed'] as const;
type View = (typeof views)[number];

/** Webhooks: where they go, what was attempted, what was given up. */
export default function WebhooksPage({ app }: AppPageProps) {
  const { api } = useDesk();
  const [asked, setAsked] = useQuery('view');
  const view: View = views.find((one) => one === asked) ?? 'endpoints';
  const [editing, setEditing] = useState<WebhookEndpoint | 'new' | null>(null);
  const { loaded, reload } = useLoad<readonly WebhookEndpoint[]>(
    app.id,
    (signal) => api.request('GET', pathOf`/apps/${app.id}/webhooks`, { signal }),
    everyMs,
  );
  const close = useCallback(() => setEditing(null), []);

  if (loaded.value === undefined) {
    if (loaded.is === 'failed') {
      return <Failing failure={loaded.failure} what="The webhooks cannot be shown" retry={reload} />;
    }
    return <Skeleton lines={6} />;
  }
  const endpoints = loaded.value;
  const failed = endpoints.reduce((sum, one) => sum + one.failed, 0);
  const setView = (next: View) => setAsked(next === 'endpoints' ? '' : next);

  return (
    <section class="page" aria-labelledby="webhooks-title">
      <header class="page-head">
        <div class="page-title">
          <h2 id="webhooks-title">Webhooks</h2>
          <p class="hint">
            What happens in the app, told to your server in Pusher’s format, signed, in order per channel, at
            least once.
          </p>
        </div>
        {view === 'endpoints' && endpoints.length > 0 && (
          <button
            type="button"
            class="button button-primary"
            aria-disabled={endpoints.length >= endpointsMax}
            onClick={() => endpoints.length < endpointsMax && setEditing('new')}
          >
            <Glyph name="plus" />
            Add an endpoint
          </button>
        )}
      </header>
      <div class="hooks-views">
        <Choice
          label="What is shown"
          value={view}
          onValue={setView}
          options={[
            { value: 'endpoints', label: 'Endpoints' },
            { value: 'attempts', label: 'Attempts' },
            { value: 'failed', label: failed === 0 ? 'Failed' : `Failed (${formatNumber(failed)})` },
          ]}
        />
      </div>
      {loaded.is === 'failed' && (
        <p class="strip" role="status">
          This may be old: {loaded.failure.message}
        </p>
      )}
      {view === 'attempts' ? (
        <Attempts appId={app.id} endpoints={endpoints} />
      ) : view === 'failed' ? (
        <Failed appId={app.id} endpoints={endpoints} reloadEndpoints={reload} />
      ) : endpoints.length === 0 ? (
        <Empty title="No endpoint yet" level={3}>
          <p>
            Give the address of your server, and it is told when channels fill and empty, when members come
            and go, and more.
          </p>
          <button type="button" class="button button-primary" onClick={() => setEditing('new')}>
            <Glyph name="plus" />
            Add an endpoint
          </button>
        </Empty>
      ) : (
        <ul class="hooks-endpoints">
          {endpoints.map((endpoint) => (
            <Endpoint
              key={endpoint.id}
              appId={app.id}
              endpoint={endpoint}
              onEdit={() => setEditing(endpoint)}
              onChanged={reload}
            />
          ))}
        </ul>
      )}
      {editing !== null && (
        <EndpointDialog
          appId={app.id}
          endpoint={editing === 'new' ? null : editing}
          onClose={close}
          onSaved={reload}
        />
      )}
    </section>
  );
}
