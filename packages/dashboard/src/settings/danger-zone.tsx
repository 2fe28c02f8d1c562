import { useState } from 'preact/hooks';
import { pathOf } from '../client/api.ts';
import type { AppDetail } from '../contract.ts';
import { Confirm } from '../parts/dialog.tsx';
import { Glyph } from '../parts/glyph.tsx';
import { type AppPageProps, useDesk } from '../shell/desk.ts';

/** What stops an app, for a while or for good. */
export function DangerZone({ app, onAppChanged }: AppPageProps) {
  const { api, apps, notify, router } = useDesk();
  const [asked, setAsked] = useState<'switch' | 'delete' | null>(null);
  const close = () => setAsked(null);
  const lock = app.settings.find(({ name }) => name === 'enabled')?.lockedBy ?? null;

  const setEnabled = async (enabled: boolean) => {
    const body = { settings: { enabled } };
    onAppChanged(await api.request<AppDetail>('PATCH', pathOf`/apps/${app.id}`, { body }));
    notify({ kind: 'good', text: enabled ? `${app.name} is on again.` : `${app.name} is disabled.` });
  };

  return (
    <section class="settings-group danger" id="group-danger" aria-labelledby="title-danger">
      <header>
        <h2 id="title-danger">Danger zone</h2>
      </header>
      <div class="card settings-card danger-card">
        <div class="setting">
          <div class="setting-words">
            <h3>{app.enabled ? 'Disable this app' : 'Enable this app'}</h3>
            <p>
              {app.enabled
                ? 'Every connection is closed and the HTTP API refuses, until it is enabled again. Nothing is lost.'
                : 'It is disabled: nobody can connect and the HTTP API refuses.'}
            </p>
          </div>
          <div class="setting-control">
            {lock === null ? (
              <button
                type="button"
                class={app.enabled ? 'button button-danger-quiet' : 'button'}
                onClick={() => setAsked('switch')}
              >
                {app.enabled ? 'Disable' : 'Enable'}
              </button>
            ) : (
              <Locked by={lock} />
            )}
          </div>
        </div>
        <div class="setting">
          <div class="setting-words">
            <h3>Delete this app</h3>
            <p>
              {app.isFirst
                ? 'This is the first app, which the server itself uses. It can be disabled, not deleted.'
                : 'Its keys, settings, webhooks and figures are deleted. This cannot be undone.'}
            </p>
          </div>
          <div class="setting-control">
            {!app.isFirst && (
              <button type="button" class="button button-danger-quiet" onClick={() => setAsked('delete')}>
                Delete
              </button>
            )}
          </div>
        </div>
      </div>
      {asked === 'switch' && (
        <Confirm
          title={app.enabled ? `Disable ${app.name}?` : `Enable ${app.name}?`}
          action={app.enabled ? 'Disable app' : 'Enable app'}
          harmless={!app.enabled}
          onClose={close}
          onConfirm={() => setEnabled(!app.enabled)}
        >
          <p>
            {app.enabled
              ? 'Its connections are closed at once with 4003, and clients do not come back by themselves.'
              : 'Clients can connect again, and the HTTP API answers.'}
          </p>
        </Confirm>
      )}
      {asked === 'delete' && (
        <Confirm
          title={`Delete ${app.name}?`}
          action="Delete app"
          typed={app.name}
          onClose={close}
          onConfirm={async () => {
            await api.request('DELETE', pathOf`/apps/${app.id}`, { body: { confirm: app.name } });
            await apps.reload();
            notify({ kind: 'good', text: `${app.name} is deleted.` });
            await router.go('/');
          }}
        >
          <p>
            Everything of it is deleted, for ever: its keys, its settings, its webhooks, its figures. Clients
            that use its keys cannot connect any more.
          </p>
        </Confirm>
      )}
    </section>
  );
}

function Locked({ by }: { by: string }) {
  return (
    <p class="locked">
      <Glyph name="lock" />
      <span>
        Locked: <code>{by}</code> sets it
      </span>
    </p>
  );
}
