import { type Id, isId } from '@earshot/chat/contract';
import type { KeyValues } from '../client/env.ts';
import type { Layout } from './state.ts';

/** What is open where. Pure functions, and keeping it for the tab. */

/** More panels than a screen has room for; the views show as many as fit. */
const panelsMax = 8;

export function withOpened(layout: Layout, id: Id): Layout {
  const others = layout.panels.filter(({ conversation }) => conversation !== id);
  const panels = [{ conversation: id, lowered: false }, ...others].slice(0, panelsMax);
  return { open: true, view: { conversation: id }, panels, focused: id };
}

export function withLowered(layout: Layout, id: Id, lowered: boolean): Layout {
  const panels = layout.panels.map((panel) => (panel.conversation === id ? { ...panel, lowered } : panel));
  return { ...layout, panels, focused: lowered ? unless(layout.focused, id) : id };
}

export function withClosed(layout: Layout, id: Id): Layout {
  const showsIt = typeof layout.view === 'object' && layout.view.conversation === id;
  return {
    ...layout,
    view: showsIt ? 'home' : layout.view,
    panels: layout.panels.filter(({ conversation }) => conversation !== id),
    focused: unless(layout.focused, id),
  };
}

const unless = (focused: Id | null, id: Id) => (focused === id ? null : focused);

/** Whether the conversation can be read now, as far as the widget is concerned. */
export function isShown(layout: Layout, id: Id): boolean {
  return layout.open && layout.panels.some((panel) => panel.conversation === id && !panel.lowered);
}

const keyOf = (app: string) => `earshot-layout-${app}`;

export function readLayout(storage: KeyValues | null, app: string): Layout | null {
  try {
    return parseLayout(JSON.parse(storage?.getItem(keyOf(app)) ?? 'null'));
  } catch {
    return null; // forbidden, or not ours
  }
}

export function writeLayout(storage: KeyValues | null, app: string, layout: Layout | null): void {
  try {
    if (layout === null) storage?.removeItem(keyOf(app));
    else storage?.setItem(keyOf(app), JSON.stringify(layout));
  } catch {
    // Forbidden or full: a reload begins closed.
  }
}

/** Storage may hold anything. */
export function parseLayout(kept: unknown): Layout | null {
  const { open, view, panels } = (kept ?? {}) as Partial<Record<keyof Layout, unknown>>;
  if (typeof open !== 'boolean' || !Array.isArray(panels)) return null;
  const shown = (view ?? {}) as { conversation?: unknown };
  const known = panels.filter((panel) => isId(panel?.conversation)).slice(0, panelsMax);
  return {
    open,
    view: isId(shown.conversation)
      ? { conversation: shown.conversation }
      : view === 'settings' || view === 'reports'
        ? view
        : 'home',
    panels: known.map(({ conversation, lowered }) => ({ conversation, lowered: lowered === true })),
    focused: null,
  };
}
