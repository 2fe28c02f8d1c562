import type { Id } from '@earshot/chat/contract';
import { useState } from 'preact/hooks';
import { useFixed, useWidgetState } from './context.ts';
import { Badge } from './person-parts.tsx';
import { titleOf } from './words.ts';

/** Conversations for which the window has no room: a button, and their names when it is pressed. */
export function MorePanels({ ids, onPick }: { ids: readonly Id[]; onPick: (id: Id) => void }) {
  const { t } = useFixed();
  const { conversations } = useWidgetState();
  const [open, setOpen] = useState(false);
  const found = ids.flatMap((id) => conversations.get(id) ?? []);
  const unread = found.reduce((sum, { conversation }) => sum + conversation.me.unread, 0);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || !open) return;
    event.preventDefault();
    setOpen(false);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it hears Escape from what is inside.
    <div class="more-panels" onKeyDown={onKeyDown}>
      {open && (
        <ul class="more-list">
          {found.map(({ conversation }) => (
            <li key={conversation.id}>
              <button
                type="button"
                class="more-item"
                onClick={() => {
                  setOpen(false);
                  onPick(conversation.id);
                }}
              >
                <bdi>{titleOf(t, conversation)}</bdi>
                <Badge count={conversation.me.unread} words={t('unread', { n: conversation.me.unread })} />
              </button>
            </li>
          ))}
        </ul>
      )}
      <button
        type="button"
        class="more-button"
        aria-expanded={open}
        title={t('morePanels', { n: ids.length })}
        onClick={() => setOpen(!open)}
      >
        <span aria-hidden="true">+{t.number(ids.length)}</span>
        <span class="visually-hidden">{t('morePanels', { n: ids.length })}</span>
        <Badge count={unread} words={t('unread', { n: unread })} />
      </button>
    </div>
  );
}
