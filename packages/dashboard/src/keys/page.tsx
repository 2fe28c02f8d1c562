import { useState } from 'preact/hooks';
import { pathOf } from '../client/api.ts';
import { useLoad } from '../client/use-load.ts';
import type { AppKeyView } from '../contract.ts';
import { Confirm } from '../parts/dialog.tsx';
import { Failing } from '../parts/failing.tsx';
import { Skeleton } from '../parts/skeleton.tsx';
import { type AppPageProps, useDesk } from '../shell/desk.ts';
import { KeyCard } from './key-card.tsx';
import { Snippets } from './snippets.tsx';

/** Most keys of an app at a time: the one in use, and the one that takes its place. */
const keysMax = 2;

/** The credentials of an app, and how to use them. */
export default function KeysPage({ app }: AppPageProps) {
  const { api, notify } = useDesk();
  const [asked, setAsked] = useState<'rotate' | AppKeyView | null>(null);
  const [chosen, setChosen] = useState<string | null>(null);
  const { loaded, reload } = useLoad<readonly AppKeyView[]>(app.id, (signal) =>
    api.request('GET', pathOf`/apps/${app.id}/keys`, { signal }),
  );

  if (loaded.value === undefined) {
    if (loaded.is === 'loading') return <Skeleton lines={8} />;
    return <Failing failure={loaded.failure} what="The keys cannot be shown" retry={reload} />;
  }
  const keys = loaded.value;
  const shown = keys.find(({ key }) => key === chosen) ?? keys.at(-1);

  return (
    <div class="page">
      <section class="part" aria-labelledby="keys-title">
        <div class="part-head">
          <h2 id="keys-title">{keys.length === 1 ? 'Key' : 'Keys'}</h2>
          {keys.length < keysMax && (
            <button type="button" class="button" onClick={() => setAsked('rotate')}>
              Rotate
            </button>
          )}
        </div>
        <p class="hint">
          Clients need the key; publishers need app id, key and secret. Keep the secret on your servers.
          {keys.length > 1 &&
            ' Both keys work. Move your clients and servers to the new one, then revoke the old one.'}
        </p>
        <div class="keys">
          {keys.map((key, index) => (
            <KeyCard
              key={key.key}
              appId={app.id}
              value={key}
              rank={keys.length === 1 ? null : index === keys.length - 1 ? 'New' : 'Old'}
              onRevoke={keys.length > 1 ? () => setAsked(key) : null}
            />
          ))}
        </div>
      </section>
      {shown && (
        <Snippets
          key={shown.key}
          app={app}
          keyView={shown}
          choices={keys.map(({ key }) => key)}
          onChoose={setChosen}
        />
      )}
      {asked === 'rotate' && (
        <Confirm
          title="Rotate the key?"
          action="Add a new key"
          harmless
          onClose={() => setAsked(null)}
          onConfirm={async () => {
            await api.request<AppKeyView>('POST', pathOf`/apps/${app.id}/keys`);
            await reload();
            notify({ kind: 'good', text: 'There is a new key. The old one works until you revoke it.' });
          }}
        >
          <p>
            A new key with a secret of its own is added. Both work, so that nothing breaks while you move your
            clients and servers. When all of them use the new key, revoke the old one.
          </p>
        </Confirm>
      )}
      {asked !== null && asked !== 'rotate' && (
        <Confirm
          title="Revoke this key?"
          action="Revoke key"
          typed={asked.key}
          onClose={() => setAsked(null)}
          onConfirm={async () => {
            await api.request('DELETE', pathOf`/apps/${app.id}/keys/${asked.key}`);
            await reload();
            notify({ kind: 'good', text: `Key ${asked.key} is revoked.` });
          }}
        >
          <p>
            Clients that use <code>{asked.key}</code> cannot connect any more, and requests that are signed
            with its secret are refused. This cannot be undone.
          </p>
        </Confirm>
      )}
    </div>
  );
}
