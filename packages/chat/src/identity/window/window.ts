/**
 * The sign-in window (contract/sign-in.ts): the page that it opens with, and the one that the provider sends back to.
 * Nothing is built from text but text nodes.
 */
import type { ChatErrorBody, SignInMessage } from '../../contract/index.ts';

/** What the window keeps while it is at the provider's. */
interface Kept {
  readonly app: string;
  readonly state: string;
  readonly window: string;
  readonly origin: string;
}

const storageKey = 'earshot-sign-in';
const isBack = location.pathname.endsWith('/callback');
const api = new URL(isBack ? '../api/v1/sign-in/' : 'api/v1/sign-in/', location.href);

const noOpener =
  'The page that opened this window cannot be reached. Close this window and sign in from that page again. ' +
  'If it happens again, the site keeps its windows apart (Cross-Origin-Opener-Policy): its owner has to set ' +
  '“same-origin-allow-popups”.';

function say(text: string, state: 'busy' | 'done' | 'failed'): void {
  document.body.dataset.state = state;
  const place = document.getElementById('said');
  if (place !== null) place.textContent = text;
  const button = document.getElementById('close');
  if (button !== null) button.hidden = state === 'busy';
}

async function post(what: 'start' | 'finish', body: object): Promise<Record<string, string> | ChatErrorBody> {
  try {
    const answer = await fetch(new URL(what, api), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      credentials: 'omit',
      cache: 'no-store',
      body: JSON.stringify(body),
    });
    return await answer.json();
  } catch {
    return {
      error: { code: 'unavailable', message: 'The chat cannot be reached. Close this window and try again.' },
    };
  }
}

/** Of the address that the window was opened with, or came back to. */
function kept(): Kept | null {
  try {
    const found: Kept | null = JSON.parse(sessionStorage.getItem(storageKey) ?? 'null');
    sessionStorage.removeItem(storageKey);
    return found;
  } catch {
    return null;
  }
}

function answer(message: SignInMessage, origin: string): void {
  window.opener?.postMessage(message, origin);
}

function isRefusal(said: Record<string, string> | ChatErrorBody): said is ChatErrorBody {
  return typeof said.error === 'object';
}

async function leave(): Promise<void> {
  const asked = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  const { app = '', provider = '', server = '', origin = '', challenge = '' } = asked;
  if (app === '' || origin === '')
    return say('This window is opened by a chat; by itself it does nothing.', 'failed');
  if (window.opener === null) return say(noOpener, 'failed');
  const said = await post('start', { app, provider, server, origin, challenge });
  if (isRefusal(said)) {
    say(said.error.message, 'failed');
    if (said.error.code !== 'origin_refused') {
      answer({ type: 'earshot-sign-in', error: said.error.code }, origin);
    }
    return;
  }
  const { url = '', state = '', window: own = '' } = said;
  try {
    sessionStorage.setItem(storageKey, JSON.stringify({ app, state, window: own, origin } satisfies Kept));
  } catch {
    return say(
      'This browser keeps nothing for this page, which signing in needs. Allow it, and try again.',
      'failed',
    );
  }
  location.assign(url);
}

async function comeBack(): Promise<void> {
  const query = location.search;
  // Neither a reload nor the history should bring the provider's code again.
  history.replaceState(null, '', location.pathname);
  const mine = kept();
  if (mine === null || mine.state !== new URLSearchParams(query).get('state')) {
    return say('This sign-in was not begun in this window. Close it and begin again.', 'failed');
  }
  const said = await post('finish', { app: mine.app, window: mine.window, query });
  if (isRefusal(said)) {
    const { code, message, field } = said.error;
    const cancelled = field === 'cancelled';
    answer({ type: 'earshot-sign-in', error: cancelled ? 'cancelled' : code }, mine.origin);
    say(cancelled ? 'You did not sign in. You can close this window.' : message, 'failed');
    if (cancelled) window.close();
    return;
  }
  if (window.opener === null) return say(noOpener, 'failed');
  const { code = '', origin = '' } = said;
  answer({ type: 'earshot-sign-in', code }, origin);
  say('Signed in. You can close this window.', 'done');
  window.close();
}

document.getElementById('close')?.addEventListener('click', () => window.close());
void (isBack ? comeBack() : leave());
