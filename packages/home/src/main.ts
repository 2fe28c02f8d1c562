import type { Session } from './contract.ts';
import { askSession, type Shut, signIn } from './door.ts';

/**
 * The page opens in two steps. This one is all that a stranger gets: it takes the token of a sign-in link out
 * of the address, trades it for a cookie and asks for the session. Only a browser that has one loads the rest
 * (`page.tsx`). Until then, and without JavaScript, the words of `index.html` stand.
 */

const words: Record<Shut, string> = {
  'used-or-expired': 'This link has been used already, or it has expired. Make a new one.',
  'too-many-tries': 'Too many links were tried from your address. Wait a minute, then open yours again.',
  unreachable: 'The server does not answer. Check that it runs, then reload this page.',
  'signed-out': 'You are signed out.',
  'session-ended': 'Your session has ended.',
};

const root = document.documentElement;
const page = element('page');
const notice = element('notice');
let leave = () => {};

/** The token in the address. It is taken out at once, so that no history and no bookmark keeps it. */
function takeToken(): string | null {
  const token = /^#sign-in=(.+)$/.exec(location.hash)?.[1] ?? null;
  if (token !== null) history.replaceState(null, '', location.pathname + location.search);
  return token;
}

async function open(token: string | null): Promise<void> {
  root.dataset.state = 'opening';
  const signedIn = token === null ? null : await signIn(token);
  // Also after a refusal: a link is often opened twice in the browser that it has signed in.
  const session = await askSession();
  if (session === 'unreachable') shut('unreachable');
  else if (session !== 'signed-out') await enter(session);
  else shut(signedIn === 'signed-in' ? 'session-ended' : signedIn);
}

async function enter(session: Session): Promise<void> {
  try {
    const { start } = await import('./page.tsx');
    leave();
    leave = await start(page, session, shut);
    root.dataset.state = 'open';
  } catch (error) {
    shut('unreachable');
    throw error;
  }
}

function shut(why: Shut | null): void {
  leave();
  leave = () => {};
  notice.textContent = why === null ? '' : words[why];
  root.dataset.state = 'shut';
}

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no element #${id}`);
  return found;
}

// A link pasted into a tab that shows this page changes the fragment only; nothing is loaded anew.
addEventListener('hashchange', () => {
  const token = takeToken();
  if (token !== null) void open(token);
});
void open(takeToken());
