import { bytesOf, keptPrefix, portName, type ToPage, type ToWorker } from './bridge.ts';
import { chrome, type Port } from './chrome.ts';
import { mayReach, Reach } from './reach.ts';
import { readSettings, type Settings } from './settings.ts';

/**
 * The extension's service worker: it alone talks to the server. Each page that shows the chat has a port to it; what comes
 * through a port may reach the server that the person has named, and nothing else.
 */

const ports = new Set<Port>();
/** Tabs whose button was clicked before their script was there. */
const wanted = new Set<number>();
/** Where clicks on notifications lead, by tag. */
const origins = new Map<string, Port>();

chrome.runtime.onConnect.addListener((port) => {
  if (port.name === portName) serve(port);
});

chrome.action.onClicked.addListener(async ({ id }) => {
  if (id === undefined) return;
  const { server, app } = await readSettings();
  if (server === '' || app === '') {
    await chrome.runtime.openOptionsPage();
    return;
  }
  const open = [...ports].find((port) => port.sender?.tab?.id === id);
  if (open !== undefined) say(open, { type: 'show', conversation: null });
  else {
    wanted.add(id);
    await chrome.scripting.executeScript({ target: { tabId: id }, files: ['content.js'] });
  }
});

chrome.notifications.onClicked.addListener(async (tag) => {
  const port = origins.get(tag);
  origins.delete(tag);
  await chrome.notifications.clear(tag);
  const tab = port?.sender?.tab;
  if (port === undefined || tab?.id === undefined) return;
  await chrome.tabs.update(tab.id, { active: true });
  if (tab.windowId !== undefined) await chrome.windows.update(tab.windowId, { focused: true });
  say(port, { type: 'show', conversation: /-([\w-]{22})$/.exec(tag)?.[1] ?? null });
});

/** What one page asks for. Requests and sockets end with its port. */
function serve(port: Port): void {
  ports.add(port);
  const requests = new Map<number, AbortController>();
  const sockets = new Map<number, WebSocket>();
  const tell = (message: ToPage) => {
    if (ports.has(port)) say(port, message);
  };

  const ready = begin(port, tell);
  port.onMessage.addListener(async (raw) => {
    const message = raw as ToWorker;
    const { settings, reach } = await ready;
    switch (message.type) {
      case 'fetch':
        requests.set(message.id, new AbortController());
        await relay(message, settings, reach, requests, tell);
        requests.delete(message.id);
        break;
      case 'abort':
        requests.get(message.id)?.abort();
        break;
      case 'open':
        if (mayReach(message.url, settings.server, reach)) connect(message.id, message.url, sockets, tell);
        else tell({ type: 'closed', id: message.id, code: 1006, reason: '' });
        break;
      case 'send':
        sockets.get(message.id)?.send(message.data);
        break;
      case 'close':
        sockets.get(message.id)?.close(message.code);
        break;
      case 'keep':
        await keep(message.key, message.value, port);
        break;
      case 'notify':
        origins.set(message.tag, port);
        await chrome.notifications.create(message.tag, {
          type: 'basic',
          iconUrl: chrome.runtime.getURL('icon-128.png'),
          title: message.title,
          message: message.body,
        });
        break;
      case 'put-away':
        await chrome.notifications.clear(message.tag);
        break;
    }
  });
  port.onDisconnect.addListener(() => {
    ports.delete(port);
    for (const request of requests.values()) request.abort();
    for (const socket of sockets.values()) socket.close();
  });
}

async function begin(
  port: Port,
  tell: (message: ToPage) => void,
): Promise<{ settings: Settings; reach: Reach }> {
  const settings = await readSettings();
  const stored = await chrome.storage.local.get(null);
  const kept = Object.fromEntries(
    Object.entries(stored)
      .filter(([key]) => key.startsWith(keptPrefix))
      .map(([key, value]) => [key.slice(keptPrefix.length), String(value)]),
  );
  tell({ type: 'start', server: settings.server, app: settings.app, kept });
  const tab = port.sender?.tab?.id;
  if (tab !== undefined && wanted.delete(tab)) tell({ type: 'show', conversation: null });
  return { settings, reach: new Reach() };
}

async function relay(
  { id, url, method, headers, body }: ToWorker & { type: 'fetch' },
  { server }: Settings,
  reach: Reach,
  requests: ReadonlyMap<number, AbortController>,
  tell: (message: ToPage) => void,
): Promise<void> {
  const none: ToPage = { type: 'answer', id, status: 0, headers: {}, body: '' };
  if (!mayReach(url, server, reach)) {
    tell(none);
    return;
  }
  try {
    const response = await fetch(url, {
      method,
      headers,
      credentials: 'omit',
      cache: 'no-store',
      signal: requests.get(id)?.signal ?? null,
      ...(body === null ? {} : { body: 'text' in body ? body.text : bytesOf(body.bytes) }),
    });
    const text = await response.text();
    reach.learn(url, text);
    tell({
      type: 'answer',
      id,
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: text,
    });
  } catch {
    tell(none);
  }
}

function connect(
  id: number,
  url: string,
  sockets: Map<number, WebSocket>,
  tell: (message: ToPage) => void,
): void {
  const socket = new WebSocket(url);
  sockets.set(id, socket);
  socket.onopen = () => tell({ type: 'opened', id });
  socket.onmessage = ({ data }) => tell({ type: 'message', id, data: String(data) });
  socket.onclose = ({ code, reason }) => {
    sockets.delete(id);
    tell({ type: 'closed', id, code, reason });
  };
}

/** One session for all sites: what one page keeps, the others know. */
async function keep(key: string, value: string | null, from: Port): Promise<void> {
  if (value === null) await chrome.storage.local.remove(keptPrefix + key);
  else await chrome.storage.local.set({ [keptPrefix + key]: value });
  for (const port of ports) if (port !== from) say(port, { type: 'kept', key, value });
}

function say(port: Port, message: ToPage): void {
  try {
    port.postMessage(message);
  } catch {
    ports.delete(port); // its page has just gone
  }
}
