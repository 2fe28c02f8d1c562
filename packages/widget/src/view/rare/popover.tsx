import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { activeIn } from '../hooks.ts';

export interface PopoverProps {
  /** What it belongs to; it stands beside it, and the keyboard goes back there. */
  anchor: HTMLElement;
  onClose: () => void;
  role: 'menu' | 'dialog';
  label: string;
  class: string;
  onKeyDown?: (event: KeyboardEvent) => void;
  children: ComponentChildren;
}

const gap = 6;

/** Something that floats beside what opened it, in the browser's top layer: no panel cuts it off. */
export function Popover({ anchor, onClose, role, label, class: more, onKeyDown, children }: PopoverProps) {
  const box = useRef<HTMLDivElement>(null);

  useLayoutEffect(() => {
    const node = box.current as HTMLDivElement;
    node.showPopover?.();
    place(node, anchor);
    (
      node.querySelector<HTMLElement>('[data-first]') ?? node.querySelector<HTMLElement>('button, input')
    )?.focus();
    return () => {
      const active = activeIn(node);
      if (active === null || node.contains(active)) anchor.focus({ preventScroll: true });
    };
  }, [anchor]);

  useEffect(() => {
    const node = box.current as HTMLDivElement;
    const outside = (event: Event) => {
      const path = event.composedPath();
      if (!path.includes(node) && !path.includes(anchor)) onClose();
    };
    const onResize = () => onClose();
    addEventListener('pointerdown', outside, true);
    addEventListener('resize', onResize);
    return () => {
      removeEventListener('pointerdown', outside, true);
      removeEventListener('resize', onResize);
    };
  }, []);

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: its role is handed in.
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: its role is handed in.
    <div
      class={`popover ${more}`}
      part="menu"
      popover="manual"
      role={role}
      aria-label={label}
      tabIndex={-1}
      ref={box}
      onKeyDown={(event) => {
        if (event.key === 'Escape') {
          event.preventDefault();
          event.stopPropagation();
          onClose();
        } else if (event.key === 'Tab' && role === 'menu') {
          event.preventDefault();
          onClose();
        } else onKeyDown?.(event);
      }}
      onFocusOut={(event) => {
        if (event.relatedTarget instanceof Node && !box.current?.contains(event.relatedTarget)) onClose();
      }}
    >
      {children}
    </div>
  );
}

/** Below the anchor, or above it where there is more room; its end at the anchor's end, and always on the screen. */
function place(node: HTMLElement, anchor: HTMLElement): void {
  const at = anchor.getBoundingClientRect();
  const { width, height } = node.getBoundingClientRect();
  const rtl = getComputedStyle(anchor).direction === 'rtl';
  const fitsBelow = at.bottom + gap + height <= innerHeight - gap;
  const top = fitsBelow ? at.bottom + gap : Math.max(gap, at.top - gap - height);
  const left = rtl ? at.left : at.right - width;
  node.style.setProperty('--left', `${Math.max(gap, Math.min(left, innerWidth - width - gap))}px`);
  node.style.setProperty('--top', `${Math.min(top, Math.max(gap, innerHeight - height - gap))}px`);
}
