import type { ConversationState } from '../../store/state.ts';
import css from '../../styles/live-typing.css' with { type: 'text' };
import { useFixed } from '../context.ts';
import type { Chunk } from '../lazy.tsx';
import { titleOf } from '../words.ts';
import { useMore } from './use-more.ts';

/** Asks whether to type live, and says plainly that it is on; below it what the other one has typed so far. */
function LiveTyping({ state: { conversation, live } }: { state: ConversationState }) {
  const t = useMore();
  const { actions } = useFixed();
  if (live === undefined || live.phase === 'off') return null;
  const { id } = conversation;
  const name = titleOf(t, conversation);
  const act = (label: string, run: (id: string) => void, primary = false) => (
    <button type="button" class={primary ? 'button button-primary' : 'button'} onClick={() => run(id)}>
      {label}
    </button>
  );
  return (
    <div class="live-typing">
      {live.phase === 'on' && live.text.length > 0 && (
        <p class="live-ghost" dir="auto" aria-hidden="true">
          {live.text.map(({ text }) => text).join('')}
        </p>
      )}
      <div class="live-bar">
        <p class="live-words" role="status">
          {live.phase === 'on' && <b class="live-sign">{t('liveSign')}</b>}
          <span>
            {t(live.phase === 'on' ? 'liveOn' : live.phase === 'asked' ? 'liveAsked' : 'liveAsking', {
              name,
            })}
          </span>
        </p>
        <div class="live-acts">
          {live.phase === 'asked' && act(t('liveAgree'), actions.startLive, true)}
          {act(
            t(live.phase === 'on' ? 'liveStop' : live.phase === 'asked' ? 'liveRefuse' : 'liveTakeBack'),
            actions.endLive,
          )}
        </div>
      </div>
      <p class="visually-hidden" aria-live="polite">
        {live.phrase !== null && (
          <span key={live.phrase.key}>{t('liveTypes', { name, text: live.phrase.text })}</span>
        )}
      </p>
    </div>
  );
}

export const liveTyping: Chunk<{ state: ConversationState }> = { view: LiveTyping, css };
