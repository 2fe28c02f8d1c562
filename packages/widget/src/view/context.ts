import { createContext, type VNode } from 'preact';
import { useContext } from 'preact/hooks';
import type { TextKey, Translator } from '../i18n/translate.ts';
import type { Actions } from '../store/actions.ts';
import type { WidgetState } from '../store/state.ts';
import type { WidgetOptions } from './options.ts';

/** What never changes while a widget is shown. */
export interface Fixed {
  readonly actions: Actions;
  readonly t: Translator;
  readonly options: WidgetOptions;
  /** Adds the style sheet of a chunk that came later. */
  readonly adopt: (css: string) => void;
  /** Shows a menu or picker over everything; null puts it away. */
  readonly pop: (popover: VNode | null) => void;
}

export const FixedContext = createContext<Fixed | null>(null);
export const StateContext = createContext<WidgetState | null>(null);
export const SheetContext = createContext<((sheet: VNode | null) => void) | null>(null);

export const useFixed = (): Fixed => given(useContext(FixedContext));
export const useWidgetState = (): WidgetState => given(useContext(StateContext));

/** Shows a dialog over the panel that this is in; null puts it away. */
export const useSheet = (): ((sheet: VNode | null) => void) => given(useContext(SheetContext));

function given<T>(value: T | null): T {
  if (value === null) throw new Error('A view must be inside of Widget.');
  return value;
}

export type { TextKey, Translator };
