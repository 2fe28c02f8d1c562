import { useRef } from 'preact/hooks';
import type { Loaded } from '../client/use-load.ts';

/** What was loaded last, also while something else is asked for: a list that is filtered does not flicker. */
export function useKept<T>(loaded: Loaded<T>): T | undefined {
  const kept = useRef<T | undefined>(undefined);
  if (loaded.value !== undefined) kept.current = loaded.value;
  return kept.current;
}
