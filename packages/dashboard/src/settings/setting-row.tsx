import { useState } from 'preact/hooks';
import type { SettingField } from '../contract.ts';
import { SelectField, Switch, TextField } from '../parts/field.tsx';
import { Glyph } from '../parts/glyph.tsx';
import { Marked } from '../parts/marked.tsx';
import { type Draft, defaultTextOf, draftOf, isDefault, titleOf } from './drafts.ts';

export interface SettingRowProps {
  readonly field: SettingField;
  readonly draft: Draft;
  readonly problem: string | null;
  readonly changed: boolean;
  readonly onDraft: (draft: Draft) => void;
}

/** One setting: what it does, its control, its default, and who holds it when that is not the database. */
export function SettingRow({ field, draft, problem, changed, onDraft }: SettingRowProps) {
  const title = titleOf(field);
  const isLocked = field.lockedBy !== null;
  const isList = field.kind === 'list';
  return (
    <div class={changed ? 'setting setting-changed' : 'setting'} id={`setting-${field.name}`}>
      <div class="setting-words">
        <h3>
          {title}
          {changed && <span class="setting-mark">Changed</span>}
        </h3>
        <p>
          <Marked text={field.doc} />
        </p>
        <p class="setting-default">
          Default: <Marked text={defaultTextOf(field)} />
          {!isLocked && !isDefault(field, draft) && (
            <button
              type="button"
              class="setting-reset"
              onClick={() => onDraft(draftOf(field, field.default))}
            >
              Set to default<span class="visually-hidden">: {title}</span>
            </button>
          )}
        </p>
      </div>
      <div class="setting-control">
        <Control field={field} title={title} draft={draft} problem={problem} onDraft={onDraft} />
        {isList && !isLocked && (
          <p class="setting-note">
            One a line.{' '}
            {field.example !== null && (
              <>
                Such as <code>{field.example.split(',')[0]}</code>
              </>
            )}
          </p>
        )}
        {isLocked && (
          <p class="locked">
            <Glyph name="lock" />
            <span>
              Locked: <code>{field.lockedBy}</code> sets it
            </span>
          </p>
        )}
      </div>
    </div>
  );
}

interface ControlProps {
  readonly field: SettingField;
  readonly title: string;
  readonly draft: Draft;
  readonly problem: string | null;
  readonly onDraft: (draft: Draft) => void;
}

function Control({ field, title, draft, problem, onDraft }: ControlProps) {
  const [isShown, setShown] = useState(false);
  const disabled = field.lockedBy !== null;
  if (typeof draft === 'boolean') {
    return <Switch label={title} quietLabel value={draft} onValue={onDraft} disabled={disabled} />;
  }
  const shared = { label: title, quietLabel: true, problem, value: draft, onValue: onDraft };
  if (field.kind === 'choice') {
    const options = (field.choices ?? []).map((choice) => ({ value: choice, label: choice }));
    return <SelectField {...shared} options={options} disabled={disabled} />;
  }
  if (field.kind === 'list') {
    return (
      <TextField
        {...shared}
        mono
        rows={Math.min(Math.max(draft.split('\n').length, 2), 8)}
        input={{ disabled }}
      />
    );
  }
  const isHidden = field.secret && !isShown;
  const placeholder = field.example ?? '';
  return (
    <div class={field.secret ? 'setting-secret' : undefined}>
      <TextField
        {...shared}
        mono={field.name !== 'name'}
        input={{
          disabled,
          type: isHidden ? 'password' : 'text',
          ...(field.kind === 'number' && { inputMode: 'numeric' }),
          ...(placeholder !== '' && { placeholder }),
          ...(field.secret && { autocomplete: 'new-password' }),
        }}
      />
      {field.secret && (
        <button type="button" class="button button-plain" onClick={() => setShown(!isShown)}>
          {isShown ? 'Hide' : 'Show'}
          <span class="visually-hidden"> {title}</span>
        </button>
      )}
    </div>
  );
}
