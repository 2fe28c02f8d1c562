import { CopyButton } from '@earshot/ui';
import type { ComponentChildren } from 'preact';
import type { Session } from '../contract.ts';
import { dots } from './secret.ts';

export interface CredentialsProps {
  app: Session['app'];
  secretShown: boolean;
  onToggleSecret: (shown: boolean) => void;
}

/** App id, key and secret, each to copy; the secret is shown on demand only. */
export function Credentials({ app, secretShown, onToggleSecret }: CredentialsProps) {
  return (
    <section class="part" aria-labelledby="credentials-title">
      <h2 id="credentials-title">Credentials</h2>
      <p class="hint">Clients need the key. Publishers need all three; keep the secret on your servers.</p>
      <dl class="credentials">
        <Credential name="App id" value={app.id} />
        <Credential name="Key" value={app.key} />
        <Credential name="Secret" value={app.secret} shown={secretShown}>
          <button type="button" class="button button-plain" onClick={() => onToggleSecret(!secretShown)}>
            {secretShown ? 'Hide' : 'Show'}
            <span class="visually-hidden"> secret</span>
          </button>
        </Credential>
      </dl>
    </section>
  );
}

interface CredentialProps {
  name: string;
  value: string;
  shown?: boolean;
  children?: ComponentChildren;
}

function Credential({ name, value, shown = true, children }: CredentialProps) {
  return (
    <div class="credential">
      <dt>{name}</dt>
      <dd>
        {shown ? (
          <code>{value}</code>
        ) : (
          <>
            <code aria-hidden="true">{dots}</code>
            <span class="visually-hidden">hidden</span>
          </>
        )}
      </dd>
      <dd class="credential-actions">
        {children}
        <CopyButton text={value} what={name.toLowerCase()} />
      </dd>
    </div>
  );
}
