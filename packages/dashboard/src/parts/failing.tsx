import type { ApiFailure } from '../client/api.ts';
import { Glyph } from './glyph.tsx';

export interface FailingProps {
  readonly failure: ApiFailure;
  /** What does not work: "The channels cannot be shown". */
  readonly what: string;
  readonly retry?: () => unknown;
  /** Of the heading; 2 unless told. */
  readonly level?: 1 | 2;
}

/** In the place of what could not be had: what failed, why, what to do. */
export function Failing({ failure, what, retry, level = 2 }: FailingProps) {
  const Heading = `h${level}` as const;
  return (
    <div class="failing" role="alert">
      <Glyph name="warn" />
      <div>
        <Heading class="failing-title">{what}</Heading>
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
