import { browserEnv } from '../client/browser-env.ts';
import { type Connect, isConnect, type ToFrame, type ToPage } from '../embed/frame-messages.ts';
import type { Panel } from '../embed/panel-contract.ts';
import { startChat } from '../embed/start.ts';

/**
 * The chat inside of the frame of `mode: 'iframe'`. Who may frame it is said by the page's policy (`frame-ancestors`), so the
 * one who connects is a page of the app. It connects once, with a port that all else goes through.
 */
const listening = new AbortController();

addEventListener(
  'message',
  ({ data, source, ports, origin }) => {
    const [port] = ports;
    if (source !== parent || port === undefined || !isConnect(data)) return;
    listening.abort();
    void open(data, port, origin);
  },
  { signal: listening.signal },
);

async function open({ options, address }: Connect, port: MessagePort, origin: string): Promise<void> {
  const say = (message: ToPage) => port.postMessage(message);
  const { panel, token, changeAddress } = await connected(options, pageOf(address, origin), say);
  port.onmessage = ({ data }) => {
    const message = data as ToFrame;
    switch (message.type) {
      case 'run':
        return panel.run(message.command);
      case 'user':
        return panel.run({ name: 'user', value: message.hasUser ? token.ask : null });
      case 'token':
        return token.answer(message);
      case 'address':
        return changeAddress(pageOf(message.address, origin));
    }
  };
  say({ type: 'ready' });
}

/** A page speaks for pages of its own origin; the browser says which that is. */
function pageOf(address: string, origin: string): string {
  return URL.canParse(address) && new URL(address).origin === origin ? address : `${origin}/`;
}

async function connected(options: Connect['options'], address: string, say: (message: ToPage) => void) {
  let page = address;
  const env = browserEnv();
  const token = tokens(say);
  const { hasUser, ...rest } = options;
  const { app = '' } = document.documentElement.dataset;
  const panel: Panel = await startChat({
    root: (document.getElementById('chat') as HTMLElement).attachShadow({ mode: 'open' }),
    // The app is the one that this page was asked for: its policy is that app's.
    options: {
      ...rest,
      app,
      server: new URL('..', location.href).href.replace(/\/$/, ''),
      user: hasUser ? token.ask : null,
      worker: null,
    },
    mode: 'inline',
    launcher: null,
    env: { ...env, page: { ...env.page, address: () => page } },
    tell: (told) => say({ type: 'told', told }),
  });
  const changeAddress = (now: string) => {
    page = now;
    if (options.room === 'page') panel.run({ name: 'room', value: 'page' });
  };
  return { panel, token, changeAddress };
}

/** The host's tokens, by asking the page for them. */
function tokens(say: (message: ToPage) => void) {
  const waiting = new Map<number, { resolve(token: string | null): void; reject(error: Error): void }>();
  let count = 0;
  return {
    ask: () =>
      new Promise<string | null>((resolve, reject) => {
        waiting.set(++count, { resolve, reject });
        say({ type: 'token', id: count });
      }),
    answer({ id, token, failed }: ToFrame & { type: 'token' }) {
      const asked = waiting.get(id);
      waiting.delete(id);
      if (failed) asked?.reject(new Error('the page gave no token'));
      else asked?.resolve(token);
    },
  };
}
