import './icons.ts';
import { useState } from 'preact/hooks';
import type { MoreTexts } from '../../i18n/more/en.ts';
import css from '../../styles/rare.css' with { type: 'text' };
import { activeIn } from '../hooks.ts';
import type { Chunk } from '../lazy.tsx';
import { IconButton } from '../parts.tsx';
import { emojis, quick } from './emojis.ts';
import { Popover } from './popover.tsx';
import { useMore } from './use-more.ts';

interface PickerProps {
  anchor: HTMLElement;
  onClose: () => void;
  onPick: (emoji: string) => void;
}

const titles: Record<keyof typeof emojis, keyof MoreTexts> = {
  faces: 'emojiFaces',
  hands: 'emojiHands',
  hearts: 'emojiSigns',
  nature: 'emojiNature',
  food: 'emojiFood',
  things: 'emojiThings',
};

const columns = 8;

/** Picks one of a curated set; arrows move in the grid, Tab goes from group to group. */
function EmojiPicker({ anchor, onClose, onPick }: PickerProps) {
  const t = useMore();
  const onKeyDown = (event: KeyboardEvent) => {
    const box = event.currentTarget as HTMLElement;
    const buttons = [...box.querySelectorAll<HTMLElement>('.emoji')];
    const at = buttons.indexOf(activeIn(box) as HTMLElement);
    const rtl = getComputedStyle(box).direction === 'rtl' ? -1 : 1;
    const by: Record<string, number> = {
      ArrowRight: rtl,
      ArrowLeft: -rtl,
      ArrowDown: columns,
      ArrowUp: -columns,
    };
    const step = by[event.key];
    if (step === undefined) return;
    event.preventDefault();
    buttons[Math.max(0, Math.min(buttons.length - 1, at + step))]?.focus();
  };
  return (
    <Popover
      anchor={anchor}
      onClose={onClose}
      role="dialog"
      label={t('emoji')}
      class="picker"
      onKeyDown={onKeyDown}
    >
      <div class="picker-scroll">
        {(Object.keys(emojis) as (keyof typeof emojis)[]).map((group, index) => (
          <section key={group}>
            <h3 class="picker-title">{t(titles[group])}</h3>
            <div class="picker-grid">
              {emojis[group].map((emoji, place) => (
                <button
                  key={emoji}
                  type="button"
                  class="emoji"
                  tabIndex={place === 0 ? 0 : -1}
                  data-first={index === 0 && place === 0 ? '' : undefined}
                  onClick={() => {
                    onClose();
                    onPick(emoji);
                  }}
                >
                  {emoji}
                </button>
              ))}
            </div>
          </section>
        ))}
      </div>
    </Popover>
  );
}

/** The six that are given most, and the way to all the others. */
function ReactionPicker({ anchor, onClose, onPick }: PickerProps) {
  const t = useMore();
  const [all, setAll] = useState(false);
  if (all) return <EmojiPicker anchor={anchor} onClose={onClose} onPick={onPick} />;
  const onKeyDown = (event: KeyboardEvent) => {
    const box = event.currentTarget as HTMLElement;
    const buttons = [...box.querySelectorAll<HTMLElement>('button')];
    const at = buttons.indexOf(activeIn(box) as HTMLElement);
    const rtl = getComputedStyle(box).direction === 'rtl' ? -1 : 1;
    const step = { ArrowRight: rtl, ArrowLeft: -rtl }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    buttons.at((at + step) % buttons.length)?.focus();
  };
  return (
    <Popover
      anchor={anchor}
      onClose={onClose}
      role="dialog"
      label={t('addEmoji')}
      class="quick"
      onKeyDown={onKeyDown}
    >
      {quick.map((emoji) => (
        <button
          key={emoji}
          type="button"
          class="emoji"
          onClick={() => {
            onClose();
            onPick(emoji);
          }}
        >
          {emoji}
        </button>
      ))}
      <IconButton icon="plus" label={t('emoji')} onClick={() => setAll(true)} />
    </Popover>
  );
}

export const emojiPicker: Chunk<PickerProps> = { view: EmojiPicker, css };
export const reactionPicker: Chunk<PickerProps> = { view: ReactionPicker, css };
