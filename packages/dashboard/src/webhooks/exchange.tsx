import type { WebhookTest } from '../contract.ts';
import { Badge } from '../parts/badge.tsx';
import { formatDuration } from '../parts/format.ts';
import { JsonView } from '../parts/json-view.tsx';

/** A request and what came back. */
export function Exchange({ exchange }: { exchange: WebhookTest }) {
  const { ok, status, reason, body, answer, durationMs } = exchange;
  return (
    <div class="hooks-exchange">
      <p class="hooks-outcome">
        <Badge kind={ok ? 'good' : 'bad'}>{status ?? 'no answer'}</Badge>
        <span>
          {ok ? 'Taken' : (reason ?? 'Refused')}
          {ok ? ` after ${formatDuration(durationMs)}.` : `, after ${formatDuration(durationMs)}.`}
        </span>
      </p>
      <section class="hooks-side">
        <h3>Sent</h3>
        {body === null ? (
          <p class="hint">What was sent is not kept any more.</p>
        ) : (
          <JsonView text={body} what="body that was sent" open={4} />
        )}
      </section>
      <section class="hooks-side">
        <h3>Answer</h3>
        {answer === null ? (
          <p class="hint">{status === null ? 'None came.' : 'It is not kept.'}</p>
        ) : answer === '' ? (
          <p class="hint">Without a body.</p>
        ) : (
          <JsonView text={answer} what="answer" />
        )}
      </section>
    </div>
  );
}
