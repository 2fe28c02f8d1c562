import { Mark } from '@earshot/ui';
import type { ComponentChildren } from 'preact';

export interface StageProps {
  title: string;
  /** What to do about it, in a sentence. */
  words?: string | undefined;
  /** Something is being waited for. */
  busy?: boolean;
  /** A form, above what can be done. */
  body?: ComponentChildren;
  children?: ComponentChildren;
}

/** The page while there is no conversation on it: one thing said, and what can be done. */
export function Stage({ title, words, busy = false, body, children }: StageProps) {
  return (
    <main class="stage" aria-busy={busy}>
      <span class={busy ? 'stage-mark stage-busy' : 'stage-mark'}>
        <Mark />
      </span>
      <div class="stage-words" role="status">
        <h1>{title}</h1>
        {words !== undefined && <p>{words}</p>}
      </div>
      {body}
      {children !== undefined && <div class="stage-acts">{children}</div>}
    </main>
  );
}
