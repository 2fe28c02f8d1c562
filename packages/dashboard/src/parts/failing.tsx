import type { ApiFailure } from '../client/api.ts';
import { Glyph } from './glyph.tsx';

export interface FailingProps {
  readonly failure: ApiFailure;
  /** What does not work: "The channels cannot be shown". */
  readonly what: string;
  readonly retry?: () => unknown;
}

/** In the place of what could not be had: what failed, why, what to do. */
export function Failing({ failure, what, retry }: FailingProps) {
  return (
    <div class="failing" role="alert">
      <Glyph name="warn" />
      <div>
        <h2 class="failing-title">{what}</h2>
        <p>{failure.message}</p>
        {retry && (
          <button type="button" class="button" onClick={() => void retry()}>
            Try again
          </button>
        )}
      </div>
    </div>
  );
}
