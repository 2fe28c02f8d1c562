import { limits } from '@earshot/chat/contract';
import { useState } from 'preact/hooks';
import { useFixed, useWidgetState } from './context.ts';
import { Icon } from './icons.tsx';
import { Failure, Skeleton } from './parts.tsx';
import { problemText } from './words.ts';

/** A name, or a provider: the way in. */
export function SignIn() {
  const { config, session } = useWidgetState();
  const { t, actions } = useFixed();
  const [name, setName] = useState<string | null>(null);
  const [server, setServer] = useState<string | null>(null);
  if (config.phase === 'failed') return <Failure problem={config.problem} onRetry={actions.retry} />;
  if (config.phase !== 'ready') {
    return <Skeleton since={config.phase === 'loading' ? config.since : Date.now()} rows={3} />;
  }
  const { guests, providers } = config.value;
  const busy = session.phase === 'entering';
  const problem = session.phase === 'none' || session.phase === 'ended' ? session.problem : null;
  const value = name ?? (session.phase === 'none' ? session.lastName : '');

  const enter = (event: Event) => {
    event.preventDefault();
    if (value.trim() !== '' && !busy) actions.enterAsGuest(value.trim());
  };
  const through = (provider: (typeof providers)[number]) => {
    if (provider.kind === 'mastodon' && server === null) return setServer('');
    if (provider.kind === 'mastodon') {
      if (server?.trim()) actions.signInWith(provider.id, server.trim());
    } else actions.signInWith(provider.id);
  };

  return (
    <div class="sign-in">
      <div class="sign-in-head">
        <h3 class="sign-in-title">{t(session.phase === 'ended' ? 'signedOutElsewhere' : 'signInTitle')}</h3>
        <p class="hint">{t(guests ? 'signInHint' : providers.length > 0 ? 'signInOnly' : 'noSignIn')}</p>
      </div>
      {guests && (
        <form class="sign-in-form" onSubmit={enter}>
          <label class="label" for="earshot-name">
            {t('yourName')}
          </label>
          <input
            id="earshot-name"
            class="field"
            type="text"
            dir="auto"
            autocomplete="nickname"
            maxLength={limits.nameCharacters}
            value={value}
            required
            data-autofocus
            aria-invalid={problem !== null || undefined}
            aria-describedby={problem === null ? undefined : 'earshot-sign-in-problem'}
            onInput={(event) => setName(event.currentTarget.value)}
          />
          <button
            type="submit"
            class="button button-primary button-wide"
            aria-disabled={value.trim() === '' || busy}
          >
            {t(busy ? 'entering' : 'enter')}
          </button>
        </form>
      )}
      {problem !== null && (
        <p class="problem" id="earshot-sign-in-problem" role="alert">
          <Icon name="alert" />
          {problemText(t, problem)}
        </p>
      )}
      {guests && providers.length > 0 && <p class="or">{t('or')}</p>}
      {providers.length > 0 && (
        <div class="providers">
          {providers.map((provider) => (
            <form
              key={provider.id}
              class="provider"
              onSubmit={(event) => {
                event.preventDefault();
                through(provider);
              }}
            >
              {provider.kind === 'mastodon' && server !== null && (
                <>
                  <label class="label" for={`earshot-server-${provider.id}`}>
                    {t('mastodonServer')}
                  </label>
                  <input
                    id={`earshot-server-${provider.id}`}
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
                </>
              )}
              <button type="submit" class="button button-wide" aria-disabled={busy}>
                {t('signInWith', { provider: provider.name })}
              </button>
            </form>
          ))}
        </div>
      )}
    </div>
  );
}
