import type { ChatApp, ChatApps } from '@earshot/chat';
import type { App } from '../apps/app.ts';
import type { AppRegistry } from '../apps/registry.ts';

/** The apps whose chat is switched on, as the registry has them at this moment. */
export function chatApps(apps: AppRegistry): ChatApps {
  return {
    byId: (id) => chatApp(apps.byId(id)),
    byKey: (key) => chatApp(apps.byKey(key)),
    *all() {
      for (const app of apps.all()) {
        const found = chatApp(app);
        if (found !== undefined) yield found;
      }
    },
  };
}

function chatApp(app: App | undefined): ChatApp | undefined {
  if (app === undefined || !app.settings.enabled || !app.settings.chat) return undefined;
  const { id, settings, oldestKey } = app;
  return { id, name: settings.name, key: oldestKey.key, origins: settings.origins, settings };
}
