import { Mark } from '@earshot/ui';
import { useEffect, useState } from 'preact/hooks';
import type { Api } from '../client/api.ts';
import type { Link } from '../client/link.ts';
import type { SignIn } from '../contract.ts';
import { TextField } from '../parts/field.tsx';
import { Marked } from '../parts/marked.tsx';
import type { DoorState } from '../shell/door.ts';

export interface SignInPageProps {
  readonly state: Extract<DoorState, { is: 'shut' }>;
  readonly api: Api;
  readonly link: Link;
  readonly signIn: (how: SignIn) => Promise<void>;
}

/** The door: every way in that this server has. */
export function SignInPage({ state, api, link, signIn }: SignInPageProps) {
  const { ways, problem, busy } = state;
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [reached, setReached] = useState(link.state);
  useEffect(() => {
    document.title = 'Sign in · Earshot';
    return link.listen(() => setReached(link.state));
  }, [link]);

  const submit = (event: Event) => {
    event.preventDefault();
    if (busy) return;
    void signIn({ name, password }).then(() => setPassword(''));
  };

  return (
    <main class="sign-in">
      <div class="sign-in-card">
        <Mark />
        <h1>Sign in to Earshot</h1>
        <div role="alert" class="sign-in-problem">
          {reached !== 'fine' ? (
            <p>The server does not answer. Check that it runs and that you are online.</p>
          ) : (
            problem !== null && (
              <p>
                <Marked text={problem} />
              </p>
            )
          )}
        </div>
        {ways.password && (
          <form class="sign-in-form" onSubmit={submit}>
            <TextField
              label="Name"
              value={name}
              onValue={setName}
              input={{ name: 'username', autocomplete: 'username', required: true }}
            />
            <TextField
              label="Password"
              value={password}
              onValue={setPassword}
              input={{ type: 'password', name: 'password', autocomplete: 'current-password', required: true }}
            />
            <button type="submit" class="button button-primary" aria-disabled={busy}>
              {busy ? 'Signing in…' : 'Sign in'}
            </button>
          </form>
        )}
        {ways.password && ways.provider !== null && <p class="sign-in-or">or</p>}
        {ways.provider !== null && (
          <a class="button" href={api.urlOf('').replace(/\/api\/v1$/, '/oidc/start')}>
            Continue with {ways.provider}
          </a>
        )}
        <div class="sign-in-link">
          <p>
            {ways.password || ways.provider !== null
              ? 'No password at hand? Make a link that signs this browser in. It works once, within 15 minutes:'
              : 'Open the link that the server printed when it started, or make a new one. It signs this browser in, works once, and within 15 minutes:'}
          </p>
          <pre>
            <code>npx earshot login-link</code>
          </pre>
        </div>
      </div>
    </main>
  );
}
