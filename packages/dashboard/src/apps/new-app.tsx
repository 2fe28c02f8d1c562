import { useState } from 'preact/hooks';
import { ApiFailure, pathOf } from '../client/api.ts';
import type { AppDetail } from '../contract.ts';
import { Dialog, FormProblem } from '../parts/dialog.tsx';
import { TextField } from '../parts/field.tsx';
import { useDesk } from '../shell/desk.ts';

/** Asks for a name and makes an app of it; leads to its keys, which is what one needs next. */
export function NewApp({ onClose }: { onClose: () => void }) {
  const { api, apps, router, notify } = useDesk();
  const [name, setName] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const ready = name.trim() !== '' && !busy;

  const create = async (event: Event) => {
    event.preventDefault();
    if (!ready) return;
    setBusy(true);
    setProblem(null);
    try {
      const app = await api.request<AppDetail>('POST', '/apps', { body: { name: name.trim() } });
      notify({ kind: 'good', text: `${app.name} is made. Here are its keys.` });
      void apps.reload();
      await router.go(pathOf`/apps/${app.id}/keys`);
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      setProblem(error.message);
      setBusy(false);
    }
  };

  return (
    <Dialog title="New app" onClose={onClose}>
      <form class="dialog-form" onSubmit={create}>
        <TextField
          label="Name"
          hint="What people call it. It can be changed later."
          value={name}
          onValue={setName}
          input={{ autoFocus: true, autocomplete: 'off', maxLength: 100 }}
        />
        <FormProblem problem={problem} />
        <div class="dialog-actions">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="button button-primary" aria-disabled={!ready}>
            {busy ? 'Making…' : 'Make app'}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
