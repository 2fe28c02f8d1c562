export type DotState = 'good' | 'warn' | 'bad' | 'idle';

/** A dot for the state of something that lives; it breathes while that is good. A word must stand beside it. */
export function Dot({ state }: { state: DotState }) {
  return <span class={`dot dot-${state}`} aria-hidden="true" />;
}
