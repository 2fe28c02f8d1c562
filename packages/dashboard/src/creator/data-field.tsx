import { useMemo, useRef } from 'preact/hooks';
import { Field } from '../parts/field.tsx';
import { formatNumber } from '../parts/format.ts';
import { Glyph } from '../parts/glyph.tsx';
import { bytesOf } from './draft.ts';
import { checkJson, formatJson } from './json-check.ts';

export interface DataFieldProps {
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly problem: string | null;
  /** The app's limit. */
  readonly bytesMax: number;
}

/** The data of an event: checked as JSON while one types, which it need not be. */
export function DataField({ value, onValue, problem, bytesMax }: DataFieldProps) {
  const area = useRef<HTMLTextAreaElement>(null);
  const check = useMemo(() => checkJson(value), [value]);
  const formatted = useMemo(() => formatJson(value), [value]);
  const bytes = bytesOf(value);

  const goTo = (offset: number) => {
    area.current?.focus();
    area.current?.setSelectionRange(offset, Math.min(offset + 1, value.length));
  };

  return (
    <div class="creator-data">
      <Field
        label="Data"
        hint="JSON, or any text. Sent as it stands here."
        problem={
          problem ??
          (bytes > bytesMax
            ? `${formatNumber(bytes)} bytes; this app takes ${formatNumber(bytesMax)} at most.`
            : null)
        }
      >
        {(control) => (
          <textarea
            {...control}
            class="field field-mono creator-text"
            dir="ltr"
            rows={9}
            ref={area}
            value={value}
            autocapitalize="off"
            spellcheck={false}
            onInput={(event) => onValue(event.currentTarget.value)}
          />
        )}
      </Field>
      <div class="creator-data-foot">
        <p class={`creator-check creator-check-${check.is}`} aria-live="polite">
          {check.is === 'broken' ? (
            <>
              <Glyph name="warn" />
              <span>
                Not JSON.{' '}
                <button type="button" class="text-action" onClick={() => goTo(check.offset)}>
                  Line {check.line}, column {check.column}
                </button>
                : {check.problem} As it is, clients get it as text.
              </span>
            </>
          ) : check.is === 'json' ? (
            <>
              <Glyph name="check" />
              JSON: clients get the value.
            </>
          ) : check.is === 'text' ? (
            'Text: clients get it as a string.'
          ) : (
            'Empty: clients get an empty string.'
          )}
        </p>
        <p class="creator-size">
          {formatNumber(bytes)} of {formatNumber(bytesMax)} bytes
        </p>
        <button
          type="button"
          class="button"
          aria-disabled={formatted === null || formatted === value}
          onClick={() => formatted !== null && onValue(formatted)}
        >
          Format
        </button>
      </div>
    </div>
  );
}
