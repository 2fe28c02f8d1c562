import { type SignInMessage, type SignInRequest, signInPath } from '@earshot/chat/contract';
import type { Problem } from '../store/problem.ts';
import { type Answer, answered, failed } from './answer.ts';
import { base64url, type Env } from './env.ts';

/** How long somebody may take at the provider. */
const patienceMs = 10 * 60_000;
const lookEveryMs = 1_000;
/** After the window looks closed: a message that is on its way, or a provider's page that only seems to have closed it. */
const graceMs = 3_000;

/** What the server can check later, made ahead: a window may be opened in the click itself only. */
export interface Proof {
  readonly verifier: string;
  readonly challenge: string;
}

/** @returns null where the page is not secure, so that the browser has no digest */
export async function makeProof(env: Env): Promise<Proof | null> {
  const verifier = base64url(env.randomBytes(32));
  const digest = await env.sha256(verifier);
  return digest === null ? null : { verifier, challenge: base64url(new Uint8Array(digest)) };
}

/**
 * Opens the provider's window at once and waits for its one-time code, which comes from the server's origin and from that
 * very window.
 * @returns a null value when the person has closed the window or did not agree
 */
export function askProvider(
  env: Env,
  server: string,
  request: Omit<SignInRequest, 'origin' | 'challenge'>,
  proof: Proof,
): Promise<Answer<string | null>> {
  const { page } = env;
  const fields = { ...request, origin: page.origin, challenge: proof.challenge };
  const opened = page.openWindow(`${server}${signInPath}#${new URLSearchParams(fields)}`);
  if (opened === null) return Promise.resolve(failed({ code: 'popup_blocked' }));
  const { origin } = new URL(server);
  return new Promise((resolve) => {
    const end = (answer: Answer<string | null>) => {
      stop();
      look.cancel();
      tooLate.cancel();
      resolve(answer);
    };
    const stop = page.onMessage((event) => {
      if (event.origin !== origin || event.source !== opened) return;
      const message = event.data as SignInMessage | null;
      if (message?.type !== 'earshot-sign-in') return;
      if ('code' in message) end(answered(message.code));
      else if (message.error === 'cancelled') end(answered(null));
      else end(failed({ code: message.error } as Problem));
    });
    const tooLate = env.after(patienceMs, () => end(failed({ code: 'sign_in_failed' })));
    let look = env.after(lookEveryMs, function again() {
      look = opened.closed ? env.after(graceMs, () => end(answered(null))) : env.after(lookEveryMs, again);
    });
  });
}
