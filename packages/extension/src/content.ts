import { browserEnv } from '@earshot/widget/client/browser-env.ts';
import type { Env } from '@earshot/widget/client/env.ts';
import { keepInBody } from '@earshot/widget/embed/host.ts';
import { type Mounted, mountWith } from '@earshot/widget/embed/mount.ts';
import { startChat } from '@earshot/widget/embed/start.ts';
import { portName, type ToPage } from './bridge.ts';
import { chrome, type Port } from './chrome.ts';
import { createLink, type Link } from './link.ts';

/**
 * What runs on a page, in a world of its own: it shares the document with the page and nothing else. Custom elements are not
 * there, so the widget is mounted into a plain element; its root is closed, because the page is not trusted with it.
 */

const mark = 'data-earshot-extension';
let link: Link | null = null;
let mounted: Mounted | null = null;
let wanted: string | null | undefined;

function connect(): Port {
  const port = chrome.runtime.connect({ name: portName });
  port.onMessage.addListener((message) => hear(message as ToPage));
  port.onDisconnect.addListener(() => link?.closed());
  return port;
}

function hear(message: ToPage): void {
  if (message.type === 'start') {
    if (link === null) begin(message);
  } else if (message.type === 'show') {
    wanted = message.conversation;
    show();
  } else link?.heard(message);
}

function begin({ server, app, kept }: ToPage & { type: 'start' }): void {
  if (server === '' || app === '' || document.querySelector(`[${mark}]`) !== null) return;
  const open = createLink(() => port ?? connect(), kept);
  link = open;
  // What the realtime client finds in this world; the page's own is another one.
  globalThis.WebSocket = open.WebSocket;
  const node = document.createElement('div');
  node.setAttribute(mark, '');
  keepInBody(node);
  mounted = mountWith(
    node,
    { app, server, room: 'page' },
    {
      server,
      rootMode: 'closed',
      isKnown: () => open.storage.getItem(`earshot-session-${app}`) !== null,
      load: async () => ({
        start: (host) =>
          startChat({
            ...host,
            mode: 'corner',
            env: linkedEnv(open),
            attention: {
              port: {
                // Said when the extension was installed.
                permission: () => 'granted',
                ask: async () => 'granted',
                pushState: async () => 'unsupported',
                subscribe: () => Promise.reject(new Error('the extension has no push')),
                unsubscribe: async () => null,
              },
              notifier: {
                async show({ tag, title, body }) {
                  open.say({ type: 'notify', tag, title, body });
                  return true;
                },
                close: async (tag) => open.say({ type: 'put-away', tag }),
              },
            },
          }),
      }),
    },
  );
  show();
}

function show(): void {
  if (mounted === null || wanted === undefined) return;
  if (wanted === null) mounted.open();
  else mounted.openConversation(wanted);
  wanted = undefined;
}

/** The browser, but for what the page must not see: requests, storage, and what tabs say to each other. */
function linkedEnv(open: Link): Env {
  const env = browserEnv();
  return {
    ...env,
    fetch: open.fetch,
    upload(url, headers, file, progress, done) {
      const abort = new AbortController();
      progress(0);
      open
        .fetch(url, { method: 'POST', headers: { ...headers }, body: file, signal: abort.signal })
        .then(async (response) => {
          progress(1);
          done(response.status, await response.text());
        })
        .catch(() => done(0, ''));
      return () => abort.abort();
    },
    local: () => open.storage,
    tab: () => null,
    // A broadcast channel is the page's, too.
    broadcast: () => null,
    locks: null,
  };
}

let port: Port | null = connect();
// The worker sleeps and wakes; what is asked next makes a new port.
port.onDisconnect.addListener(() => {
  port = null;
});
