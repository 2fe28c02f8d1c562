import { isId } from '@earshot/chat/contract';
import { countOnIcon } from '../attention/icon.ts';
import { conversationIn } from '../embed/fragment.ts';
import type { EmbedOptions } from '../embed/options.ts';
import type { Panel } from '../embed/panel-contract.ts';
import { startChat } from '../embed/start.ts';

/** Fills the page with the chat. Its worker is registered, so that push and notifications on phones are possible. */
export async function openPage(node: HTMLElement, options: EmbedOptions): Promise<Panel> {
  const root = node.attachShadow({ mode: 'open' });
  const panel = await startChat({
    root,
    options: { ...options, worker: `${options.server}/chat/worker.js` },
    mode: 'page',
    launcher: null,
    scope: new URL(`${options.server}/chat`).pathname,
    ownPage: true,
    report: reportAsked(),
    onUnread: countOnIcon(document.querySelector<HTMLLinkElement>('link[rel=icon]')),
    tell: () => {},
  });
  const show = () => {
    const conversation = conversationIn(location.hash);
    if (conversation !== null) panel.run({ name: 'conversation', value: conversation });
  };
  addEventListener('hashchange', show);
  show();
  return panel;
}

/** As in the links that the webhook of reports sends. */
function reportAsked(): string | null {
  const report = new URLSearchParams(location.search).get('report');
  return isId(report) ? report : null;
}
