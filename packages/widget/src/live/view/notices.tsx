import { useState } from 'preact/hooks';
import { useSecondsUntil } from '../../view/hooks.ts';
import type { LiveDoor, LivePerson, LiveState } from '../state.ts';
import { useT } from './context.ts';
import { LiveIcon } from './icons.tsx';
import { useNews } from './news.ts';
import { personName } from './people.ts';

/** Says without stopping anyone that nothing comes or goes. */
export function ConnectionStrip({ connection, retryAt, slowTransport }: LiveState) {
  const t = useT();
  const n = useSecondsUntil(connection === 'reconnecting' ? retryAt : null);
  if (connection === 'offline') {
    return (
      <p class="strip" role="status">
        {t('offline')}
      </p>
    );
  }
  if (connection === 'reconnecting') {
    // The seconds are for the eye alone.
    return (
      <p class="strip">
        <span class="visually-hidden" role="status">
          {t('reconnecting')}
        </span>
        <span aria-hidden="true">{n > 1 ? t('reconnectingIn', { n }) : t('reconnecting')}</span>
      </p>
    );
  }
  return slowTransport ? (
    <p class="strip strip-quiet" role="status">
      {t('slowTransport')}
    </p>
  ) : null;
}

/** What nobody but the room's maker is told. */
export function Door({ door: { refused, waiting } }: { door: LiveDoor }) {
  const t = useT();
  const [seen, setSeen] = useState(0);
  if (!waiting && refused <= seen) return null;
  return (
    <p class="strip strip-quiet" role="status">
      {waiting ? t('waiting') : t('refused', { n: refused - seen })}
      {!waiting && (
        <button
          type="button"
          class="control"
          aria-label={t('dismiss')}
          title={t('dismiss')}
          onClick={() => setSeen(refused)}
        >
          <LiveIcon name="close" />
        </button>
      )}
    </p>
  );
}

/** Words about who came and went; they fade as all words do here. */
export function NewsWords({ others, isOpen }: { others: readonly LivePerson[]; isOpen: boolean }) {
  const t = useT();
  const news = useNews(t, others, isOpen);
  return (
    <div class="news" role="status">
      {news.map(({ key, text }) => (
        <p key={key}>{text}</p>
      ))}
    </div>
  );
}

/** For the ear: whole phrases, each once its writer pauses. */
export function Phrases({ state: { phrases, others } }: { state: LiveState }) {
  const t = useT();
  return (
    <div class="visually-hidden" aria-live="polite" aria-relevant="additions">
      {phrases.map(({ key, person, text }) => {
        const writer = others.find(({ id }) => id === person);
        return <p key={key}>{writer ? t('said', { name: personName(t, writer), text }) : text}</p>;
      })}
    </div>
  );
}
