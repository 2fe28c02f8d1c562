import type { EventDraft } from '../contract.ts';

export interface RecentEventsProps {
  readonly drafts: readonly EventDraft[];
  readonly onUse: (draft: EventDraft) => void;
  readonly onForget: () => void;
}

/** Events that were sent from this browser, to send again. */
export function RecentEvents({ drafts, onUse, onForget }: RecentEventsProps) {
  return (
    <aside class="creator-recent" aria-labelledby="recent-title">
      <header class="creator-recent-head">
        <h3 id="recent-title">Sent before</h3>
        {drafts.length > 0 && (
          <button type="button" class="text-action" onClick={onForget}>
            Forget these
          </button>
        )}
      </header>
      {drafts.length === 0 ? (
        <p class="hint">What you send is kept here, in this browser, to be sent again or changed.</p>
      ) : (
        <>
          <ul class="creator-recent-list">
            {drafts.map((draft) => (
              <li key={`${draft.channel}\n${draft.event}\n${draft.data}`}>
                <button type="button" class="creator-again" onClick={() => onUse(draft)}>
                  <span class="creator-again-event">{draft.event}</span>{' '}
                  <span class="creator-again-channel">{draft.channel}</span>{' '}
                  <span class="creator-again-data">{draft.data.slice(0, 120)}</span>
                </button>
              </li>
            ))}
          </ul>
          <p class="hint">Kept in this browser only. One press fills the form.</p>
        </>
      )}
    </aside>
  );
}
