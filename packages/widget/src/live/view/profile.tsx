import { useEffect, useRef, useState } from 'preact/hooks';
import { useT } from './context.ts';
import { bandClass, colourClass, colours } from './people.ts';

/** As many characters as a name may have here. */
const nameMost = 40;

export interface ProfileProps {
  /** What it is now; null before it was ever asked for. */
  name: string | null;
  /** Null: that of the lane that one gets. */
  colour: number | null;
  lane: number;
  onSave: (name: string, colour: number | null) => void;
  onCancel?: () => void;
}

/** Asks for a name, which may be empty, and for a colour. */
export function Profile({ name, colour, lane, onSave, onCancel }: ProfileProps) {
  const t = useT();
  const [picked, setPicked] = useState<number | null>(null);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  const current = picked ?? (colour === null ? null : colour % colours);
  return (
    <form
      class="profile"
      onSubmit={(event) => {
        event.preventDefault();
        onSave(input.current?.value.trim() ?? '', picked ?? colour);
      }}
      onKeyDown={(event) => {
        if (event.key === 'Escape') onCancel?.();
      }}
    >
      <label class="profile-name">
        <span>{t('yourName')}</span>
        <input
          class="field"
          ref={input}
          defaultValue={name ?? ''}
          maxLength={nameMost}
          autocomplete="nickname"
          enterkeyhint="go"
        />
      </label>
      <p class="hint">{t('nameHint')}</p>
      <fieldset class="swatches">
        <legend>{t('yourColour')}</legend>
        {Array.from({ length: colours }, (_, index) => (
          <label class="swatch" key={index}>
            <input
              type="radio"
              name="colour"
              aria-label={t('colour', { n: index + 1 })}
              checked={index === current}
              onChange={() => setPicked(index)}
            />
            <span class={`${bandClass(lane)} ${colourClass(index)}`} aria-hidden="true" />
          </label>
        ))}
      </fieldset>
      <div class="stage-acts">
        <button type="submit" class="button button-primary">
          {t(name === null ? 'enter' : 'save')}
        </button>
        {onCancel && (
          <button type="button" class="button" onClick={onCancel}>
            {t('cancel')}
          </button>
        )}
      </div>
    </form>
  );
}
