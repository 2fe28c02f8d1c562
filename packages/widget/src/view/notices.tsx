import type { TextKey } from '../i18n/translate.ts';
import { useFixed, useWidgetState } from './context.ts';
import { Icon } from './icons.tsx';
import { IconButton } from './parts.tsx';
import { problemText } from './words.ts';

const dones = new Set([
  'reported',
  'blocked',
  'unblocked',
  'copied',
  'saved',
  'erased',
  'exported',
  'left',
  'push',
]);

/** Small messages that come and go, read out politely. */
export function Notices() {
  const { notices } = useWidgetState();
  const { t, actions } = useFixed();
  return (
    <div class="notices" role="status">
      {notices.map(({ key, kind, problem, done }) => (
        <div class={`notice notice-${kind}`} key={key}>
          <Icon name={kind === 'done' ? 'check' : 'alert'} />
          <span class="notice-text">
            {problem !== null
              ? problemText(t, problem)
              : t(dones.has(done ?? '') ? (`done_${done}` as TextKey) : 'done')}
          </span>
          <IconButton icon="close" label={t('dismiss')} onClick={() => actions.dismissNotice(key)} />
        </div>
      ))}
    </div>
  );
}
