import type { ChatConfig } from '@earshot/chat/contract';
import { useId, useState } from 'preact/hooks';
import { useFixed } from '../context.ts';
import { useMore } from './use-more.ts';

type Provider = ChatConfig['providers'][number];

/** A guest becomes somebody: one button a provider; Mastodon is many servers, so it asks for the name of one first. */
export function Providers({ providers }: { providers: readonly Provider[] }) {
  return (
    <div class="settings-acts">
      {providers.map((provider) => (
        <ProviderForm key={provider.id} provider={provider} />
      ))}
    </div>
  );
}

function ProviderForm({ provider: { id, name, kind } }: { provider: Provider }) {
  const t = useMore();
  const { actions } = useFixed();
  const [server, setServer] = useState<string | null>(null);
  const field = useId();
  const through = (event: Event) => {
    event.preventDefault();
    if (kind !== 'mastodon') void actions.signInWith(id);
    else if (server === null) setServer('');
    else if (server.trim() !== '') void actions.signInWith(id, server.trim());
  };
  return (
    <form class="settings-acts" onSubmit={through}>
      {server !== null && (
        <label class="labelled" for={field}>
          <span class="label">{t('mastodonServer')}</span>
          <input
            id={field}
            class="field"
            type="text"
            inputMode="url"
            dir="ltr"
            placeholder="mastodon.social"
            autocapitalize="none"
            spellcheck={false}
            value={server}
            ref={(input) => {
              if (server === '') input?.focus();
            }}
            onInput={(event) => setServer(event.currentTarget.value)}
          />
        </label>
      )}
      <button type="submit" class="button" aria-disabled={server !== null && server.trim() === ''}>
        {t('signInWith', { provider: name })}
      </button>
    </form>
  );
}
