import type { Id } from '@earshot/chat/contract';
import { useFixed, useWidgetState } from './context.ts';
import { inside } from './door.tsx';
import { Panel } from './panel.tsx';
import { Failure, IconButton, Skeleton } from './parts.tsx';
import { SignIn } from './sign-in.tsx';

/** Reading and writing. */
const ConversationView = inside(({ conversation }) => conversation);
/** What was said, who is there, and the settings. */
const Inner = inside(({ inner }) => inner);

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
  const me = session.phase === 'in' ? session.me : null;
  const onClose = options.mode === 'corner' ? actions.close : undefined;
  const inHome =
    me === null || conversation !== undefined || typeof layout.view !== 'string' || layout.view === 'home';
  return (
    <Panel
      label={label}
      class="panel-main"
      modal={modal}
      onEscape={() => (inHome ? onClose?.() : actions.show('home'))}
    >
      {me === null ? (
        <>
          <header class="header" part="header">
            <h2 class="header-title header-grow header-alone">
              <bdi>{label}</bdi>
            </h2>
            {onClose && <IconButton icon="close" label={t('closeChat')} onClick={onClose} />}
          </header>
          <div class="panel-scroll">
            {config.phase === 'failed' ? (
              <Failure problem={config.problem} onRetry={actions.retry} />
            ) : session.phase === 'entering' && session.how !== 'guest' ? (
              <Skeleton since={0} />
            ) : (
              <SignIn />
            )}
          </div>
        </>
      ) : conversation === undefined ? (
        <Inner me={me} current={current} onClose={onClose} />
      ) : (
        <ConversationView key={conversation} id={conversation} onBack={onBack} onClose={onClose} />
      )}
    </Panel>
  );
}
