import { chrome } from './chrome.ts';

const id = 'earshot-sites';

/** Makes the browser run the page's script on these sites, from now on and after a restart. */
export async function setSites(sites: readonly string[]): Promise<void> {
  if ((await chrome.scripting.getRegisteredContentScripts({ ids: [id] })).length > 0) {
    await chrome.scripting.unregisterContentScripts({ ids: [id] });
  }
  if (sites.length === 0) return;
  await chrome.scripting.registerContentScripts([
    { id, matches: sites, js: ['content.js'], runAt: 'document_idle', persistAcrossSessions: true },
  ]);
}
