import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { ApiFailure, pathOf } from '../client/api.ts';
import type { Operator } from '../contract.ts';
import { Dialog, FormProblem } from '../parts/dialog.tsx';
import { TextField } from '../parts/field.tsx';
import { useDesk } from '../shell/desk.ts';

/** Shorter ones are refused by the server, too. */
const passwordMin = 10;

const passwordHint = `${passwordMin} characters or more. A few words are fine.`;
const tooShort = (password: string) =>
  password !== '' && [...password].length < passwordMin
    ? `${passwordMin - [...password].length} more to go: a password has at least ${passwordMin} characters.`
    : null;

interface FormDialogProps {
  readonly title: string;
  readonly action: string;
  readonly ready: boolean;
  readonly submit: () => Promise<void>;
  readonly onClose: () => void;
  readonly children: (fieldProblem: (field: string) => string | null) => ComponentChildren;
}

/** A dialog with a form that tells what the server refused at the field that it is about. */
function FormDialog({ title, action, ready, submit, onClose, children }: FormDialogProps) {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<ApiFailure | null>(null);
  const onSubmit = async (event: Event) => {
    event.preventDefault();
    if (!ready || busy) return;
    setBusy(true);
    setFailure(null);
    try {
      await submit();
      onClose();
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      setFailure(error);
      setBusy(false);
    }
  };
  const field = failure?.error.field;
  return (
    <Dialog title={title} onClose={onClose}>
      <form class="dialog-form" onSubmit={onSubmit}>
        {children((name) => (name === field ? (failure?.message ?? null) : null))}
        <FormProblem problem={field === undefined ? (failure?.message ?? null) : null} />
        <div class="dialog-actions">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="button button-primary" aria-disabled={!ready || busy}>
            {action}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

export interface NewOperatorProps {
  readonly onClose: () => void;
  readonly onDone: (operator: Operator) => void;
}

export function NewOperator({ onClose, onDone }: NewOperatorProps) {
  const { api } = useDesk();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  return (
    <FormDialog
      title="New operator"
      action="Make operator"
      ready={name.trim() !== '' && password !== '' && tooShort(password) === null}
      onClose={onClose}
      submit={async () =>
        onDone(await api.request<Operator>('POST', '/operators', { body: { name: name.trim(), password } }))
      }
    >
      {(problemOf) => (
        <>
          <TextField
            label="Name"
            value={name}
            onValue={setName}
            problem={problemOf('name')}
            input={{ autoFocus: true, autocomplete: 'off' }}
          />
          <TextField
            label="Password"
            hint={passwordHint}
            value={password}
            onValue={setPassword}
            problem={tooShort(password) ?? problemOf('password')}
            input={{ type: 'password', autocomplete: 'new-password' }}
          />
        </>
      )}
    </FormDialog>
  );
}

export interface ChangePasswordProps {
  readonly operator: Operator;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

export function ChangePassword({ operator, onClose, onDone }: ChangePasswordProps) {
  const { api } = useDesk();
  const [currentPassword, setCurrent] = useState('');
  const [password, setPassword] = useState('');
  return (
    <FormDialog
      title="Change your password"
      action="Change password"
      ready={currentPassword !== '' && password !== '' && tooShort(password) === null}
      onClose={onClose}
      submit={async () => {
        const body = { password, currentPassword };
        await api.request<Operator>('PATCH', pathOf`/operators/${operator.id}`, { body });
        onDone();
      }}
    >
      {(problemOf) => (
        <>
          <TextField
            label="Current password"
            value={currentPassword}
            onValue={setCurrent}
            problem={problemOf('currentPassword')}
            input={{ type: 'password', autocomplete: 'current-password', autoFocus: true }}
          />
          <TextField
            label="New password"
            hint={passwordHint}
            value={password}
            onValue={setPassword}
            problem={tooShort(password) ?? problemOf('password')}
            input={{ type: 'password', autocomplete: 'new-password' }}
          />
        </>
      )}
    </FormDialog>
  );
}
