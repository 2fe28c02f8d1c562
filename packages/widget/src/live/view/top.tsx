import { Mark } from '@earshot/ui';
import type { LiveFade, LiveState } from '../state.ts';
import { useActions, useT } from './context.ts';
import { CopyLink } from './copy-link.tsx';
import { LiveIcon } from './icons.tsx';
import { Control } from './parts.tsx';

const modes: readonly { mode: LiveFade['mode']; word: 'fadeNormal' | 'fadeSlow' | 'fadeOff' }[] = [
  { mode: 'normal', word: 'fadeNormal' },
  { mode: 'slow', word: 'fadeSlow' },
  { mode: 'off', word: 'fadeOff' },
];

/** How many are here, and what one can do for oneself. It steps back behind what is said. */
export function Top({ state, home }: { state: LiveState; home: string }) {
  const t = useT();
  const actions = useActions();
  const { fade, others, room } = state;
  const here = others.filter(({ presence }) => presence !== 'gone').length + 1;
  return (
    <header class="top">
      <a class="top-home" href={home} target="_blank" rel="noopener" title={t('liveRooms')}>
        <Mark />
        <span class="visually-hidden">{t('liveRooms')}</span>
      </a>
      <h1 class="visually-hidden">{t('liveRoom')}</h1>
      <p class="top-here">
        {t('here', { n: here })}
        {room?.noTakeBacks === true && <span class="top-rule">{t('noTakeBacks')}</span>}
      </p>
      <Control
        icon={fade.held ? 'play' : 'hold'}
        label={t('hold')}
        title={t('holdHint')}
        pressed={fade.held}
        onClick={() => actions.hold(!fade.held)}
      />
      <label class="control control-choice" title={t('fading')}>
        <span class="visually-hidden">{t('fading')}</span>
        <select
          value={fade.mode}
          onChange={(event) => actions.setFade(event.currentTarget.value as LiveFade['mode'])}
        >
          {modes.map(({ mode, word }) => (
            <option value={mode} key={mode}>
              {t(word)}
            </option>
          ))}
        </select>
        <LiveIcon name="down" />
      </label>
      <CopyLink />
      <Control icon="leave" label={t('leave')} onClick={() => actions.leave()} />
    </header>
  );
}
