import { useFixed, useWidgetState } from './context.ts';
import { useSecondsUntil } from './hooks.ts';

/** Says without stopping anyone that nothing comes in. */
export function ConnectionStrip() {
  const { connection, retryAt } = useWidgetState();
  const { t, actions } = useFixed();
  const n = useSecondsUntil(connection === 'reconnecting' ? retryAt : null);
  if (connection !== 'reconnecting' && connection !== 'offline') return null;
  return (
    <div class="strip">
      <span class="strip-pulse" aria-hidden="true" />
      <span>
        {connection === 'offline'
          ? t('offlineStrip')
          : n > 0
            ? t('reconnectingIn', { n })
            : t('reconnecting')}
      </span>
      {n > 1 && (
        <button type="button" class="text-button" onClick={() => actions.retry()}>
          {t('retry')}
        </button>
      )}
    </div>
  );
}
