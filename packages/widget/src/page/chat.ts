import { completeOptions } from '../embed/options.ts';
import { openPage } from './open.ts';

/** The page `/chat`: the same chat as the widget's, in the whole window. */
const { app = '' } = document.documentElement.dataset;
const server = new URL('.', location.href).href;
const node = document.getElementById('chat') as HTMLElement;
const message = document.getElementById('message') as HTMLElement;

if (app === '') message.textContent = 'No app of this server has its chat switched on (EARSHOT_APP_CHAT).';
else {
  openPage(node, completeOptions({ app, locale: navigator.language }, server)).catch((error) => {
    message.textContent = 'The chat could not be opened. Reload this page.';
    throw error;
  });
}
