import { Glyph } from '../parts/glyph.tsx';
import { type FormProblems, type HeaderLine, headersMax } from './form.ts';

export interface HeaderLinesProps {
  readonly headers: readonly HeaderLine[];
  readonly onHeaders: (headers: readonly HeaderLine[]) => void;
  readonly problems: FormProblems;
}

/** Headers that are sent along, a line each. */
export function HeaderLines({ headers, onHeaders, problems }: HeaderLinesProps) {
  const change = (index: number, part: Partial<HeaderLine>) =>
    onHeaders(headers.map((line, at) => (at === index ? { ...line, ...part } : line)));
  return (
    <fieldset class="hooks-headers">
      <legend class="form-label">Headers that are sent along</legend>
      <p class="form-hint">
        For what your server wants to see, such as a token. Operators can read them here.
      </p>
      {headers.map((line, index) => {
        const problem = problems.get(`headers.${index}`);
        const described = problem === undefined ? undefined : `header-${index}-problem`;
        const invalid = problem === undefined ? undefined : 'true';
        return (
          <div key={index} class="hooks-header">
            <input
              class="field field-mono"
              aria-label={`Name of header ${index + 1}`}
              aria-invalid={invalid}
              aria-describedby={described}
              placeholder="X-Tenant"
              autocomplete="off"
              spellcheck={false}
              value={line.name}
              onInput={(event) => change(index, { name: event.currentTarget.value })}
            />
            <input
              class="field field-mono"
              aria-label={`Value of header ${index + 1}`}
              aria-invalid={invalid}
              aria-describedby={described}
              autocomplete="off"
              spellcheck={false}
              value={line.value}
              onInput={(event) => change(index, { value: event.currentTarget.value })}
            />
            <button
              type="button"
              class="button button-plain icon-button"
              aria-label={`Leave out header ${index + 1}`}
              onClick={() => onHeaders(headers.filter((_, at) => at !== index))}
            >
              <Glyph name="close" />
            </button>
            <p id={`header-${index}-problem`} class="form-problem hooks-header-problem" aria-live="polite">
              {problem}
            </p>
          </div>
        );
      })}
      <p class="form-problem" aria-live="polite">
        {problems.get('headers')}
      </p>
      {headers.length < headersMax && (
        <button
          type="button"
          class="button button-small"
          onClick={() => onHeaders([...headers, { name: '', value: '' }])}
        >
          <Glyph name="plus" />
          Add a header
        </button>
      )}
    </fieldset>
  );
}
