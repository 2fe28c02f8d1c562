import type { Id } from '@earshot/chat/contract';
import { useState } from 'preact/hooks';
import type { Layout } from '../store/state.ts';
import { useFixed } from './context.ts';
import { ConversationPanel, LoweredPanel } from './conversation.tsx';
import { MorePanels } from './more-panels.tsx';
import { room } from './widths.ts';

export interface BesideProps {
  /** Newest first. */
  panels: Layout['panels'];
  /** The window's, in rem. */
  width: number;
}

/** Conversations beside the main panel: as many as there is room for, the others behind one button. */
export function Beside({ panels, width }: BesideProps) {
  const { actions } = useFixed();
  const [front, setFront] = useState<readonly Id[]>([]);
  // What was brought to the front goes first; else newest first, as the store has them.
  const ordered = [...panels].sort((a, b) => rank(front, a.conversation) - rank(front, b.conversation));
  let left = width - room.main - 2 * room.edge - room.more;
  const fitting = ordered.filter(({ lowered }) => {
    left -= (lowered ? room.bar : room.panel) + room.gap;
    return left >= 0;
  });
  const rest = ordered.filter((panel) => !fitting.includes(panel));
  const bringToFront = (id: Id) => {
    setFront([id, ...front.filter((other) => other !== id)]);
    actions.openConversation(id);
  };
  return (
    <>
      {fitting.map(({ conversation, lowered }) =>
        lowered ? (
          <LoweredPanel key={conversation} id={conversation} />
        ) : (
          <ConversationPanel key={conversation} id={conversation} chrome="docked" />
        ),
      )}
      {rest.length > 0 && (
        <MorePanels ids={rest.map(({ conversation }) => conversation)} onPick={bringToFront} />
      )}
    </>
  );
}

const rank = (front: readonly Id[], id: Id) => (front.includes(id) ? front.indexOf(id) : front.length);
