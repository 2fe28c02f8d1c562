import type { ComponentChildren, VNode } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { SheetContext } from './context.ts';
import { activeIn, tabStops } from './hooks.ts';

export interface PanelProps {
  /** Names the region. */
  label: string;
  class: string;
  /** It fills the screen: nothing behind it can be reached. Else Tab may leave. */
  modal: boolean;
  onEscape: () => void;
  children: ComponentChildren;
}

/** A panel, with the dialog over it if there is one. */
export function Panel({ label, class: more, modal, onEscape, children }: PanelProps) {
  const [sheet, setSheet] = useState<VNode | null>(null);
  const box = useRef<HTMLElement>(null);
  const origin = useRef<HTMLElement | null>(null);
  const covered = sheet !== null;

  const show = (next: VNode | null) => {
    if (next !== null && box.current && !covered)
      origin.current = activeIn(box.current) as HTMLElement | null;
    setSheet(next);
  };
  useLayoutEffect(() => {
    if (covered || origin.current === null) return;
    const target = origin.current.isConnected ? origin.current : box.current;
    origin.current = null;
    target?.focus();
  }, [covered]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape' && !event.isComposing && !event.defaultPrevented) {
      event.preventDefault();
      if (covered) setSheet(null);
      else onEscape();
    }
    if (event.key === 'Tab' && (modal || covered) && box.current) keepInside(event, box.current);
  };

  return (
    <SheetContext.Provider value={show}>
      {/* biome-ignore lint/a11y/useAriaPropsSupportedByRole: aria-modal stands only where the role is dialog. */}
      <section
        class={`panel ${more}`}
        part="panel"
        role={modal ? 'dialog' : 'region'}
        aria-modal={modal || undefined}
        aria-label={label}
        tabIndex={-1}
        ref={box}
        onKeyDown={onKeyDown}
      >
        <div class="panel-content" inert={covered}>
          {children}
        </div>
        {covered && (
          <div class="scrim">
            {/* A click beside the dialog puts it away, as Escape and its buttons do. */}
            <div class="scrim-rest" onClick={() => setSheet(null)} aria-hidden="true" />
            {sheet}
          </div>
        )}
      </section>
    </SheetContext.Provider>
  );
}

function keepInside(event: KeyboardEvent, box: HTMLElement): void {
  const stops = tabStops(box).filter((stop) => stop.closest('[inert]') === null);
  const [first, last] = [stops[0], stops.at(-1)];
  const active = activeIn(box);
  const leaves = event.shiftKey ? active === first || active === box : active === last;
  if (!leaves) return;
  event.preventDefault();
  (event.shiftKey ? last : first)?.focus();
}
