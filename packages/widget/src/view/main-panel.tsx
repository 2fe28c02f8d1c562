import type { Id } from '@earshot/chat/contract';
import { Avatar } from './avatar.tsx';
import { useFixed, useWidgetState } from './context.ts';
import { inside, lazy } from './lazy.tsx';
import { Panel } from './panel.tsx';
import { Failure, IconButton, Name, Skeleton } from './parts.tsx';
import { SignIn } from './sign-in.tsx';
import { ConnectionStrip } from './strip.tsx';

/** Reading and writing. */
const ConversationView = inside(({ conversation }) => conversation);
const Home = inside(({ home }) => home);
const Settings = lazy(async () => (await import('./rare/settings.tsx')).settings);

export interface MainPanelProps {
  modal: boolean;
  /** Shown in the place of the list. */
  conversation: Id | undefined;
  /** Shown beside the list, and marked in it. */
  current?: Id | undefined;
  onBack?: () => void;
}

/** The panel that the launcher opens: who I am, and the list of people and conversations or a view of it. */
export function MainPanel({ modal, conversation, current, onBack }: MainPanelProps) {
  const { config, session, layout } = useWidgetState();
  const { t, actions, options } = useFixed();
  const label = config.phase === 'ready' ? config.value.app.name || t('chat') : t('chat');
  const closes = options.mode === 'corner';
  const me = session.phase === 'in' ? session.me : null;
  const leave = () => {
    if (closes) actions.close();
  };

  if (me !== null && conversation !== undefined) {
    return (
      <Panel label={label} class="panel-main" modal={modal} onEscape={leave}>
        <ConversationView
          key={conversation}
          id={conversation}
          onBack={onBack}
          onClose={closes ? actions.close : undefined}
        />
      </Panel>
    );
  }
  const inSettings = me !== null && layout.view === 'settings';
  return (
    <Panel
      label={label}
      class="panel-main"
      modal={modal}
      onEscape={inSettings ? () => actions.show('home') : leave}
    >
      <header class="header" part="header">
        {inSettings ? (
          <>
            <IconButton icon="back" label={t('back')} onClick={() => actions.show('home')} class="arrow" />
            <h2 class="header-title header-grow">{t('settings')}</h2>
          </>
        ) : me === null ? (
          <h2 class="header-title header-grow header-alone">
            <bdi>{label}</bdi>
          </h2>
        ) : (
          <button type="button" class="header-me" onClick={() => actions.show('settings')}>
            <Avatar person={me} />
            <span class="header-words">
              <Name person={me} />
              <Status invisible={me.invisible} />
              <span class="visually-hidden">{t('yourAccount')}</span>
            </span>
          </button>
        )}
        {me !== null && !inSettings && (
          <IconButton icon="settings" label={t('settings')} onClick={() => actions.show('settings')} />
        )}
        {closes && <IconButton icon="close" label={t('closeChat')} onClick={() => actions.close()} />}
      </header>
      <ConnectionStrip />
      <div class="panel-scroll">
        {config.phase === 'failed' && me === null ? (
          <Failure problem={config.problem} onRetry={actions.retry} />
        ) : session.phase === 'in' ? (
          inSettings ? (
            <Settings />
          ) : (
            <Home current={current} />
          )
        ) : session.phase === 'entering' && session.how !== 'guest' ? (
          <Skeleton since={0} />
        ) : (
          <SignIn />
        )}
      </div>
    </Panel>
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
