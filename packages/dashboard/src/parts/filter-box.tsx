import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { Glyph } from './glyph.tsx';

/** After the last letter, where the server is asked anew; and where this browser looks itself. */
const settleMs = 300;
const localMs = 80;

export interface FilterBoxProps {
  /** Stands in the field, too, while it is empty. */
  readonly label: string;
  readonly value: string;
  /** Told once typing settles, without blanks around it. */
  readonly onValue: (value: string) => void;
  /** Looks in what is shown only. */
  readonly local?: boolean;
}

/** A field that filters as one types. */
export function FilterBox({ label, value, onValue, local = false }: FilterBoxProps) {
  const [typed, setTyped] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const latest = useRef(onValue);
  latest.current = onValue;
  const id = useId();
  useEffect(() => {
    clearTimeout(timer.current);
    setTyped((before) => (before.trim() === value ? before : value));
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);

  const tell = (text: string, waitMs: number) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => latest.current(text.trim()), waitMs);
  };
  return (
    <div class={local ? 'filter filter-local' : 'filter'}>
      <label for={id} class="visually-hidden">
        {label}
      </label>
      <Glyph name="search" />
      <input
        id={id}
        class="field"
        type="search"
        placeholder={label}
        value={typed}
        autocomplete="off"
        spellcheck={false}
        maxLength={300}
        onInput={({ currentTarget }) => {
          setTyped(currentTarget.value);
          tell(currentTarget.value, local ? localMs : settleMs);
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter') tell(typed, 0);
        }}
      />
    </div>
  );
}
