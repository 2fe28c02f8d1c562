import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { LiveActions } from '../state.ts';
import { english, type LiveTranslator } from './texts/load.ts';

/** The texts of the page, in the reader's language. */
export const TextContext = createContext<LiveTranslator>(english());
export const ActionsContext = createContext<LiveActions | null>(null);

export const useT = (): LiveTranslator => useContext(TextContext);

export function useActions(): LiveActions {
  const actions = useContext(ActionsContext);
  if (actions === null) throw new Error('This view must be inside of a room.');
  return actions;
}
