import type { Session } from '@earshot/home';
import type { App } from '../apps/app.ts';

/** What a signed-in operator needs to put the app's chat on a site. @param base the server's address */
export function chatOnPages(app: App, base: URL): Session['chat'] {
  const { chat, chatSecret } = app.settings;
  if (!chat) return null;
  const address = base.href.replace(/\/$/, '');
  const { key } = app.oldestKey;
  return {
    secret: chatSecret,
    tag: `<script src="${address}/widget.js" data-app="${key}" async></script>`,
    page: `${address}/chat?app=${key}`,
  };
}
