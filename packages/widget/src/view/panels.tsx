import type { Id } from '@earshot/chat/contract';
import { useEffect, useState } from 'preact/hooks';
import { useFixed, useWidgetState } from './context.ts';
import { ConversationPanel, LoweredPanel } from './conversation.tsx';
import { MainPanel } from './main-panel.tsx';
import { MorePanels } from './more-panels.tsx';
import { Empty } from './parts.tsx';

/** Widths in rem, as `frame.css` has them. */
const room = { main: 23.5, panel: 20, bar: 13, more: 3, gap: 0.75, edge: 1.25 };

/** The main panel, and conversations beside it: as many as there is room for, the others behind one button. */
export function Panels({ narrow }: { narrow: boolean }) {
  const { layout, conversations, session } = useWidgetState();
  const { options, actions, t } = useFixed();
  const [front, setFront] = useState<readonly Id[]>([]);
  const width = useWidth();

  const { view } = layout;
  const known =
    session.phase === 'in' ? layout.panels.filter(({ conversation }) => conversations.has(conversation)) : [];
  const raised = known.find(({ lowered }) => !lowered)?.conversation;
  const asked =
    typeof view === 'object' && conversations.has(view.conversation) ? view.conversation : undefined;

  if (options.mode === 'page' && !narrow) {
    const current = asked ?? raised;
    return (
      <div class="columns">
        <MainPanel modal={false} conversation={undefined} current={current} />
        {current === undefined ? (
          <section class="panel column-empty" aria-label={t('noOpenTitle')}>
            <Empty icon="chat" title={t('noOpenTitle')}>
              {t('noOpen')}
            </Empty>
          </section>
        ) : (
          <ConversationPanel key={current} id={current} chrome="column" />
        )}
      </div>
    );
  }

  // Where there is room a conversation stands beside the main panel, else in its place.
  const alone =
    narrow || options.mode !== 'corner' || width < room.main + room.panel + room.gap + 2 * room.edge;
  const docked = known.some(({ conversation }) => conversation === asked);
  const inside = alone || !docked ? asked : undefined;
  const back = () => {
    if (inside !== undefined) actions.lowerConversation(inside);
    actions.show('home');
  };
  const main = <MainPanel modal={narrow && options.mode === 'corner'} conversation={inside} onBack={back} />;
  if (alone) return main;

  // What was brought to the front goes first; else newest first, as the store has them.
  const ordered = [...known].sort((a, b) => rank(front, a.conversation) - rank(front, b.conversation));
  let left = width - room.main - 2 * room.edge - room.more;
  const fitting = ordered.filter(({ conversation, lowered }) => {
    if (conversation === inside) return false;
    left -= (lowered ? room.bar : room.panel) + room.gap;
    return left >= 0;
  });
  const rest = ordered.filter((panel) => panel.conversation !== inside && !fitting.includes(panel));
  const bringToFront = (id: Id) => {
    setFront([id, ...front.filter((other) => other !== id)]);
    actions.openConversation(id);
  };

  return (
    <div class="dock">
      {main}
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
    </div>
  );
}

const rank = (front: readonly Id[], id: Id) => (front.includes(id) ? front.indexOf(id) : front.length);

/** The window's width in rem. */
function useWidth(): number {
  const measure = () =>
    innerWidth / Math.max(16, Number.parseFloat(getComputedStyle(document.documentElement).fontSize));
  const [width, setWidth] = useState(measure);
  useEffect(() => {
    const listen = () => setWidth(measure());
    addEventListener('resize', listen);
    return () => removeEventListener('resize', listen);
  }, []);
  return width;
}
