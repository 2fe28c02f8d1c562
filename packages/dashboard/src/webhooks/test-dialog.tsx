import { useEffect, useState } from 'preact/hooks';
import { ApiFailure } from '../client/api.ts';
import type { WebhookTest } from '../contract.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Failing } from '../parts/failing.tsx';
import { useDesk } from '../shell/desk.ts';
import { Exchange } from './exchange.tsx';

type State =
  | { readonly is: 'waiting' }
  | { readonly is: 'done'; readonly test: WebhookTest }
  | { readonly is: 'failed'; readonly failure: ApiFailure };

/** Sends one request now and shows all of what came of it. */
export function TestDialog({ path, url, onClose }: { path: string; url: string; onClose: () => void }) {
  const { api } = useDesk();
  const [state, setState] = useState<State>({ is: 'waiting' });
  const [count, setCount] = useState(0);

  useEffect(() => {
    let gone = false;
    setState({ is: 'waiting' });
    api.request<WebhookTest>('POST', `${path}/test`).then(
      (test) => gone || setState({ is: 'done', test }),
      (error: unknown) => {
        if (!(error instanceof ApiFailure)) throw error;
        if (!gone) setState({ is: 'failed', failure: error });
      },
    );
    return () => {
      gone = true;
    };
  }, [api, path, count]);

  return (
    <Dialog title="Test of an endpoint" onClose={onClose} wide>
      <p class="hooks-test-about">
        One event, <code>channel_occupied</code> of the channel <code>earshot-test</code>, to{' '}
        <code>{url}</code>.
      </p>
      <div role="status">
        {state.is === 'waiting' && <p class="hint">Waiting for the answer, for at most 4 seconds…</p>}
        {state.is === 'done' && <Exchange exchange={state.test} />}
      </div>
      {state.is === 'failed' && <Failing failure={state.failure} what="The test was not sent" />}
      <div class="dialog-actions">
        <button
          type="button"
          class="button"
          aria-disabled={state.is === 'waiting'}
          onClick={() => state.is !== 'waiting' && setCount(count + 1)}
        >
          Send it again
        </button>
        <button type="button" class="button button-primary" onClick={onClose}>
          Done
        </button>
      </div>
    </Dialog>
  );
}
