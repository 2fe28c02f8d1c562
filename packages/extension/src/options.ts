import { chrome } from './chrome.ts';
import {
  cleanServer,
  readSettings,
  type Settings,
  serverPattern,
  sitePattern,
  writeSettings,
} from './settings.ts';
import { setSites } from './sites.ts';

/** The page where a person names their server and the sites on which they want the chat. */

const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const server = element<HTMLInputElement>('server');
const app = element<HTMLInputElement>('app');
const site = element<HTMLInputElement>('site');

let settings: Settings = { server: '', app: '', sites: [] };
/** Who types before it has been read loses nothing. */
const read = readSettings().then((kept) => {
  settings = kept;
  if (server.value === '') server.value = kept.server;
  if (app.value === '') app.value = kept.app;
  drawSites();
});
element('origin').textContent = chrome.runtime.getURL('').replace(/\/$/, '');

element('server-form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const address = cleanServer(server.value);
  const key = app.value.trim();
  if (address === null)
    return say('server', 'bad', 'This is no address. Try https://chat.example.com', server);
  if (key === '') return say('server', 'bad', 'The app key is missing.', app);
  // Asked for first, while the click still counts.
  if (!(await chrome.permissions.request({ origins: [serverPattern(address)] }))) {
    return say('server', 'bad', 'Without this permission the extension cannot reach the server.', server);
  }
  await read;
  settings = { ...settings, server: address, app: key };
  await writeSettings(settings);
  server.value = address;
  say('server', ...(await check(address, key)));
});

element('site-form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const pattern = sitePattern(site.value);
  if (pattern === null) return say('site', 'bad', 'This is no site. Try example.com', site);
  if (!(await chrome.permissions.request({ origins: [pattern] }))) {
    return say('site', 'bad', 'Without this permission the chat cannot be on that site.', site);
  }
  await read;
  await change([...new Set([...settings.sites, pattern])]);
  site.value = '';
  say('site', 'good', 'Added. Pages that are open already show it when they are reloaded.');
});

async function change(sites: readonly string[]): Promise<void> {
  settings = { ...settings, sites };
  await writeSettings(settings);
  await setSites(sites);
  drawSites();
}

function drawSites(): void {
  element('sites').replaceChildren(
    ...settings.sites.map((pattern) => {
      const item = document.createElement('li');
      const name = document.createElement('span');
      name.textContent = pattern.replace(/^https:\/\/|\/\*$/g, '');
      const remove = document.createElement('button');
      remove.type = 'button';
      remove.className = 'button button-plain';
      remove.textContent = 'Remove';
      remove.setAttribute('aria-label', `Remove ${name.textContent}`);
      remove.addEventListener('click', async () => {
        await change(settings.sites.filter((one) => one !== pattern));
        await chrome.permissions.remove({ origins: [pattern] }).catch(() => false);
        site.focus();
      });
      item.append(name, remove);
      return item;
    }),
  );
}

/** Whether a chat answers there. What was typed is saved in any case: the server may be down for now. */
async function check(address: string, key: string): Promise<['good' | 'bad', string]> {
  try {
    const answer = await fetch(`${address}/chat/api/v1/config?app=${encodeURIComponent(key)}`, {
      cache: 'no-store',
    });
    if (answer.ok) {
      const { app } = (await answer.json()) as { app: { name: string } };
      return ['good', `Saved. ${app.name || 'The chat'} answers.`];
    }
    const { error } = (await answer.json()) as { error: { message: string } };
    return ['bad', `Saved, but the server refuses: ${error.message}`];
  } catch {
    return ['bad', 'Saved, but no chat answers at this address. Check it, and that the server runs.'];
  }
}

function say(where: 'server' | 'site', kind: 'good' | 'bad', text: string, field?: HTMLInputElement): void {
  const status = element(`${where}-status`);
  status.dataset.kind = kind;
  status.textContent = text;
  field?.focus();
}
