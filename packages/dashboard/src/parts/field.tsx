import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

export interface FieldProps {
  readonly label: ComponentChildren;
  /** Under the label, before the control. */
  readonly hint?: ComponentChildren;
  /** What is wrong with the value, and what it has to be. */
  readonly problem?: string | null;
  /** The label is for screen readers only, where the surroundings say it. */
  readonly quietLabel?: boolean;
}

/** What a control needs to be tied to its words. */
export interface ControlProps {
  readonly id: string;
  readonly 'aria-describedby': string | undefined;
  readonly 'aria-invalid': 'true' | undefined;
}

/** A control with its label, its hint and its problem, tied together. */
export function Field({
  label,
  hint,
  problem = null,
  quietLabel = false,
  children,
}: FieldProps & { children: (control: ControlProps) => ComponentChildren }) {
  const id = useId();
  const described = [hint !== undefined && `${id}-hint`, problem !== null && `${id}-problem`].filter(Boolean);
  return (
    <div class="form-field">
      <label for={id} class={quietLabel ? 'visually-hidden' : 'form-label'}>
        {label}
      </label>
      {hint !== undefined && (
        <div id={`${id}-hint`} class="form-hint">
          {hint}
        </div>
      )}
      {children({
        id,
        'aria-describedby': described.join(' ') || undefined,
        'aria-invalid': problem === null ? undefined : 'true',
      })}
      <p id={`${id}-problem`} class="form-problem" aria-live="polite">
        {problem}
      </p>
    </div>
  );
}

export interface TextFieldProps extends FieldProps {
  readonly value: string;
  readonly onValue: (value: string) => void;
  /** Keys, channels, URLs: a face whose letters are told apart, without the help of a spelling checker. */
  readonly mono?: boolean;
  /** Several lines. */
  readonly rows?: number;
  readonly input?: InputOptions;
}

/** What else can be said of an input. */
export interface InputOptions {
  readonly type?: 'text' | 'password' | 'url' | 'number' | 'search';
  readonly name?: string;
  readonly placeholder?: string;
  readonly required?: boolean;
  readonly disabled?: boolean;
  readonly readOnly?: boolean;
  readonly autocomplete?: 'off' | 'username' | 'current-password' | 'new-password';
  readonly autoFocus?: boolean;
  readonly inputMode?: 'numeric' | 'url';
  readonly maxLength?: number;
  /** Id of a `datalist`. */
  readonly list?: string;
}

export function TextField({ value, onValue, mono = false, rows, input = {}, ...field }: TextFieldProps) {
  // Preact's types want to know at once which kind of input it is.
  const given: object = input;
  const shared = {
    class: mono ? 'field field-mono' : 'field',
    value,
    ...(mono && { spellcheck: false, autocapitalize: 'off' as const, autocomplete: 'off' as const }),
  };
  return (
    <Field {...field}>
      {(control) =>
        rows === undefined ? (
          <input
            type="text"
            {...shared}
            {...given}
            {...control}
            onInput={(event) => onValue(event.currentTarget.value)}
          />
        ) : (
          <textarea
            {...shared}
            rows={rows}
            {...(input.placeholder !== undefined && { placeholder: input.placeholder })}
            required={input.required ?? false}
            disabled={input.disabled ?? false}
            readOnly={input.readOnly ?? false}
            {...control}
            onInput={(event) => onValue(event.currentTarget.value)}
          />
        )
      }
    </Field>
  );
}

export interface SelectFieldProps extends FieldProps {
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly options: readonly { readonly value: string; readonly label: string }[];
  readonly disabled?: boolean;
}

export function SelectField({ value, onValue, options, disabled = false, ...field }: SelectFieldProps) {
  return (
    <Field {...field}>
      {(control) => (
        <select
          class="field"
          value={value}
          disabled={disabled}
          {...control}
          onChange={(event) => onValue(event.currentTarget.value)}
        >
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

export interface SwitchProps {
  readonly label: ComponentChildren;
  readonly hint?: ComponentChildren;
  readonly value: boolean;
  readonly onValue: (value: boolean) => void;
  readonly disabled?: boolean;
  readonly quietLabel?: boolean;
}

/** On or off, at once or with the form that it is in. */
export function Switch({ label, hint, value, onValue, disabled = false, quietLabel = false }: SwitchProps) {
  const id = useId();
  return (
    <div class="switch-field">
      <button
        type="button"
        id={id}
        class="switch"
        role="switch"
        aria-checked={value}
        aria-labelledby={`${id}-label`}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        disabled={disabled}
        onClick={() => onValue(!value)}
      >
        <span class="switch-knob" />
      </button>
      <label for={id} id={`${id}-label`} class={quietLabel ? 'visually-hidden' : 'form-label'}>
        {label}
      </label>
      {hint !== undefined && (
        <div id={`${id}-hint`} class="form-hint">
          {hint}
        </div>
      )}
    </div>
  );
}

export interface ChoiceProps<Value extends string> {
  readonly label: string;
  readonly value: Value;
  readonly onValue: (value: Value) => void;
  readonly options: readonly { readonly value: Value; readonly label: string }[];
}

/** A few choices side by side, one of them taken. */
export function Choice<Value extends string>({ label, value, onValue, options }: ChoiceProps<Value>) {
  const name = useId();
  return (
    <fieldset class="choice">
      <legend class="visually-hidden">{label}</legend>
      {options.map((option) => (
        <label key={option.value} class="choice-option">
          <input
            type="radio"
            class="visually-hidden"
            name={name}
            checked={option.value === value}
            onChange={() => onValue(option.value)}
          />
          <span>{option.label}</span>
        </label>
      ))}
    </fieldset>
  );
}
