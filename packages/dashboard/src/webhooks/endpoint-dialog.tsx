import { useId, useRef, useState } from 'preact/hooks';
import { ApiFailure, pathOf } from '../client/api.ts';
import { type WebhookEndpoint, webhookKindNames } from '../contract.ts';
import { Dialog, FormProblem } from '../parts/dialog.tsx';
import { Switch, TextField } from '../parts/field.tsx';
import { useDesk } from '../shell/desk.ts';
import {
  draftOf,
  type EndpointForm,
  type FormProblems,
  formOf,
  newForm,
  problemsFrom,
  problemsOf,
} from './form.ts';
import { HeaderLines } from './header-lines.tsx';
import { kindWords } from './words.ts';

export interface EndpointDialogProps {
  readonly appId: string;
  /** Null: a new one. */
  readonly endpoint: WebhookEndpoint | null;
  readonly onClose: () => void;
  readonly onSaved: () => Promise<void>;
}

const none: FormProblems = new Map();

/** The form of an endpoint. */
export function EndpointDialog({ appId, endpoint, onClose, onSaved }: EndpointDialogProps) {
  const { api, notify } = useDesk();
  const [form, setForm] = useState<EndpointForm>(() => (endpoint === null ? newForm : formOf(endpoint)));
  const [problems, setProblems] = useState(none);
  const [busy, setBusy] = useState(false);
  const box = useRef<HTMLFormElement>(null);
  const kindsId = useId();
  const set = (part: Partial<EndpointForm>) => {
    setForm((before) => ({ ...before, ...part }));
    const changed = Object.keys(part);
    setProblems(
      (before) => new Map([...before].filter(([field]) => !changed.includes(field.split('.')[0] ?? ''))),
    );
  };

  const save = async (event: Event) => {
    event.preventDefault();
    if (busy) return;
    const found = problemsOf(form);
    setProblems(found);
    if (found.size > 0) return focusProblem(box.current);
    setBusy(true);
    try {
      const path = pathOf`/apps/${appId}/webhooks`;
      const body = draftOf(form);
      if (endpoint === null) await api.request('POST', path, { body });
      else await api.request('PATCH', `${path}${pathOf`/${endpoint.id}`}`, { body });
      notify({
        kind: 'good',
        text: endpoint === null ? 'The endpoint is added.' : 'The endpoint is changed.',
      });
      onClose();
      await onSaved();
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      setProblems(problemsFrom(form, error.error));
      focusProblem(box.current);
    } finally {
      setBusy(false);
    }
  };

  const kindsProblem = problems.get('kinds');
  return (
    <Dialog title={endpoint === null ? 'Add an endpoint' : 'Edit the endpoint'} onClose={onClose} wide>
      <form class="dialog-form" ref={box} noValidate onSubmit={save}>
        <TextField
          label="Address"
          hint="Your server answers with a status from 200 to 299, within 4 seconds. Redirects are not followed."
          mono
          value={form.url}
          onValue={(url) => set({ url })}
          problem={problems.get('url') ?? null}
          input={{
            type: 'url',
            inputMode: 'url',
            placeholder: 'https://example.com/pusher/webhooks',
            autoFocus: true,
          }}
        />
        <fieldset class="hooks-kinds" aria-describedby={kindsProblem ? kindsId : undefined}>
          <legend class="form-label">What it is told</legend>
          {webhookKindNames.map((kind) => (
            <label key={kind} class="hooks-kind">
              <input
                type="checkbox"
                checked={form.kinds.includes(kind)}
                aria-invalid={kindsProblem ? 'true' : undefined}
                onChange={() =>
                  set({
                    kinds: form.kinds.includes(kind)
                      ? form.kinds.filter((one) => one !== kind)
                      : [...form.kinds, kind],
                  })
                }
              />
              <span>
                <span class="hooks-kind-name">{kindWords[kind].name}</span>
                <span class="form-hint">{kindWords[kind].about}</span>
              </span>
            </label>
          ))}
          <p id={kindsId} class="form-problem" aria-live="polite">
            {kindsProblem}
          </p>
        </fieldset>
        <TextField
          label="Only channels that begin with"
          hint="Empty: all channels."
          mono
          value={form.prefix}
          onValue={(prefix) => set({ prefix })}
          problem={problems.get('prefix') ?? null}
          input={{ placeholder: 'presence-' }}
        />
        <HeaderLines headers={form.headers} onHeaders={(headers) => set({ headers })} problems={problems} />
        <Switch
          label="Several events in a request"
          hint="Up to 20, collected for at most a quarter of a second. Your server has to read the whole list."
          value={form.batching}
          onValue={(batching) => set({ batching })}
        />
        <Switch
          label="On"
          hint="Switched off, it is told nothing; what waits for it is put aside and can be replayed."
          value={form.enabled}
          onValue={(enabled) => set({ enabled })}
        />
        <FormProblem problem={problems.get('form') ?? null} />
        <div class="dialog-actions hooks-foot">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="button button-primary" aria-disabled={busy}>
            {endpoint === null ? 'Add the endpoint' : 'Save'}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function focusProblem(form: HTMLFormElement | null): void {
  // Once the problems are on the page.
  requestAnimationFrame(() => form?.querySelector<HTMLElement>('[aria-invalid]')?.focus());
}
