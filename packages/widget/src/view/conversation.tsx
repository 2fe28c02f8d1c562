import type { Id } from '@earshot/chat/contract';
import type { ConversationState } from '../store/state.ts';
import { useFixed, useWidgetState } from './context.ts';
import { ConversationView } from './conversation-view.tsx';
import { Face } from './face.tsx';
import { Panel } from './panel.tsx';
import { IconButton } from './parts.tsx';
import { Badge } from './person-parts.tsx';
import { titleOf } from './words.ts';

function useConversation(id: Id): ConversationState | undefined {
  return useWidgetState().conversations.get(id);
}

function useLabel(state: ConversationState | undefined): string {
  const { t } = useFixed();
  if (state === undefined) return t('chat');
  const title = titleOf(t, state.conversation);
  return state.conversation.kind === 'room' ? t('room', { title }) : t('conversationWith', { name: title });
}

export interface ConversationPanelProps {
  id: Id;
  chrome: 'docked' | 'column';
}

/** A conversation of its own: docked beside the main panel, or the larger column of the page. */
export function ConversationPanel({ id, chrome }: ConversationPanelProps) {
  const { actions } = useFixed();
  const state = useConversation(id);
  const docked = chrome === 'docked';
  return (
    <Panel
      label={useLabel(state)}
      class={docked ? 'panel-docked' : 'panel-column'}
      modal={false}
      onEscape={() => docked && actions.lowerConversation(id)}
    >
      <ConversationView
        id={id}
        wide={!docked}
        onLower={docked ? () => actions.lowerConversation(id) : undefined}
        onClose={docked ? () => actions.closeConversation(id) : undefined}
      />
    </Panel>
  );
}

/** A lowered panel: its title and what is unread. */
export function LoweredPanel({ id }: { id: Id }) {
  const { t, actions } = useFixed();
  const state = useConversation(id);
  if (state === undefined) return null;
  const { conversation } = state;
  const title = titleOf(t, conversation);
  const { unread } = conversation.me;
  return (
    <div class={unread > 0 ? 'bar bar-unread' : 'bar'} part="bar">
      <button
        type="button"
        class="bar-raise"
        title={t('raise', { title })}
        onClick={() => actions.raiseConversation(id)}
      >
        <Face state={state} />
        <bdi class="bar-title">{title}</bdi>
        <Badge count={unread} words={t('unread', { n: unread })} />
      </button>
      <IconButton
        icon="close"
        label={t('closePanel', { title })}
        onClick={() => actions.closeConversation(id)}
      />
    </div>
  );
}
