import { pathOf } from '../client/api.ts';
import type { EventDraft, EventResult } from '../contract.ts';
import { counted, formatClock, formatMoment } from '../parts/format.ts';
import { Glyph } from '../parts/glyph.tsx';
import { DeskLink } from '../shell/link.tsx';

/** An event that was accepted. */
export interface Sent {
  readonly draft: EventDraft;
  readonly result: EventResult;
  readonly at: number;
}

/** What became of the event that was sent last. */
export function Result({ appId, sent }: { appId: string; sent: Sent | null }) {
  return (
    <div class="creator-result" role="status">
      {sent !== null && (
        <div class="creator-sent">
          <Glyph name="check" />
          <div>
            <p class="creator-sent-title">Accepted at {formatClock(sent.at)}</p>
            <p>
              <code>{sent.draft.event}</code> on <code>{sent.draft.channel}</code>: {reached(sent)}
              {sent.result.cachedUntil !== null &&
                ` The channel keeps it for later subscribers until ${formatMoment(sent.result.cachedUntil)}.`}
            </p>
            <DeskLink
              to={`${pathOf`/apps/${appId}/console`}?channel=${encodeURIComponent(sent.draft.channel)}`}
            >
              Follow this channel in the console
            </DeskLink>
          </div>
        </div>
      )}
    </div>
  );
}

function reached({ draft, result: { subscriptions } }: Sent): string {
  if (subscriptions === 0) return 'nobody is subscribed to the channel now, so nobody heard it.';
  const whole = `the channel has ${counted(subscriptions, 'subscription')}`;
  return draft.socketId === undefined ? `${whole}.` : `${whole}; ${draft.socketId} was left out.`;
}
