import type { Id, Me } from '@earshot/chat/contract';
import { Avatar } from './avatar.tsx';
import { useFixed, useWidgetState } from './context.ts';
import { Home } from './home.tsx';
import { lazy } from './lazy.tsx';
import { IconButton } from './parts.tsx';
import { Name } from './person-parts.tsx';
import { ConnectionStrip } from './strip.tsx';

const Settings = lazy(async () => (await import('./rare/settings.tsx')).settings);

/** For moderators. */
const Reports = lazy(async () => (await import('./rare/reports.tsx')).reports);

export interface InnerProps {
  me: Me;
  /** The conversation that is marked in the list. */
  current: Id | undefined;
  /** How the panel is closed, where it can be. */
  onClose: (() => void) | undefined;
}

/** The main panel of somebody who is signed in: who I am, and the list of people and conversations, or the settings. */
export function Inner({ me, current, onClose }: InnerProps) {
  const { layout } = useWidgetState();
  const { t, actions } = useFixed();
  const inSettings = layout.view === 'settings';
  if (layout.view === 'reports') return <Reports onClose={onClose} />;
  return (
    <>
      <header class="header" part="header">
        {inSettings ? (
          <>
            <IconButton icon="back" label={t('back')} onClick={() => actions.show('home')} class="arrow" />
            <h2 class="header-title header-grow">{t('settings')}</h2>
          </>
        ) : (
          <>
            <button type="button" class="header-me" onClick={() => actions.show('settings')}>
              <Avatar person={me} />
              <span class="header-words">
                <Name person={me} />
                <Status invisible={me.invisible} />
                <span class="visually-hidden">{t('yourAccount')}</span>
              </span>
            </button>
            <IconButton icon="settings" label={t('settings')} onClick={() => actions.show('settings')} />
          </>
        )}
        {onClose && <IconButton icon="close" label={t('closeChat')} onClick={onClose} />}
      </header>
      <ConnectionStrip />
      <div class="panel-scroll">{inSettings ? <Settings /> : <Home current={current} />}</div>
    </>
  );
}

/** How others see me, which is not always how I am connected. */
function Status({ invisible }: { invisible: boolean }) {
  const { connection } = useWidgetState();
  const { t } = useFixed();
  const live = connection === 'online';
  return (
    <span class="status">
      <span class={`presence presence-${live && !invisible ? 'on' : 'off'}`} aria-hidden="true" />
      {invisible
        ? t('invisible')
        : live
          ? t('online')
          : connection === 'connecting'
            ? t('connecting')
            : t('offline')}
    </span>
  );
}
