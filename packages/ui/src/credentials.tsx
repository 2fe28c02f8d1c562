import type { ComponentChildren } from 'preact';
import { CopyButton } from './copy-button.tsx';

/** What stands in the place of a secret; its length tells nothing. */
export const dots = '••••••••••••••••';

export interface CredentialsProps {
  readonly app: { readonly id: string; readonly key: string; readonly secret: string };
  readonly isSecretShown: boolean;
  readonly onToggleSecret: (isShown: boolean) => void;
}

/** App id, key and secret, each to copy; the secret shows on demand only. */
export function Credentials({ app, isSecretShown, onToggleSecret }: CredentialsProps) {
  return (
    <dl class="credentials">
      <Credential name="App id" value={app.id} />
      <Credential name="Key" value={app.key} />
      <Credential name="Secret" value={app.secret} isShown={isSecretShown}>
        <button type="button" class="button button-plain" onClick={() => onToggleSecret(!isSecretShown)}>
          {isSecretShown ? 'Hide' : 'Show'}
          <span class="visually-hidden"> secret</span>
        </button>
      </Credential>
    </dl>
  );
}

interface CredentialProps {
  readonly name: string;
  readonly value: string;
  readonly isShown?: boolean;
  readonly children?: ComponentChildren;
}

function Credential({ name, value, isShown = true, children }: CredentialProps) {
  return (
    <div class="credential">
      <dt>{name}</dt>
      <dd>
        {isShown ? (
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
