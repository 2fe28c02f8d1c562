import { useEffect, useState } from 'preact/hooks';
import { useFixed, useWidgetState } from './context.ts';
import { inside as insideView } from './door.tsx';
import { MainPanel } from './main-panel.tsx';
import { Empty } from './parts.tsx';
import { room } from './widths.ts';

const Beside = insideView(({ beside }) => beside);
const ConversationPanel = insideView(({ conversationPanel }) => conversationPanel);

/** The main panel, and conversations beside it: as many as there is room for, the others behind one button. */
export function Panels({ narrow }: { narrow: boolean }) {
  const { layout, conversations, session } = useWidgetState();
  const { options, actions, t } = useFixed();
  const width = useWidth();

  const { view } = layout;
  const known =
    session.phase === 'in' ? layout.panels.filter(({ conversation }) => conversations.has(conversation)) : [];
  const raised = known.find(({ lowered }) => !lowered)?.conversation;
  const asked =
    typeof view === 'object' && conversations.has(view.conversation) ? view.conversation : undefined;

  if (options.mode === 'page' && !narrow && width >= room.columns && session.phase === 'in') {
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

  return (
    <div class="dock">
      {main}
      {known.length > 0 && (
        <Beside panels={known.filter(({ conversation }) => conversation !== inside)} width={width} />
      )}
    </div>
  );
}

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
