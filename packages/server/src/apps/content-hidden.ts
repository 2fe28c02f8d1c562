import type { App } from './app.ts';

/**
 * Whether the app wants what is said in the channel to be nowhere but with its subscribers: no console, journal or
 * webhook has more of it than name, kind and size.
 */
export function isContentHidden(app: App, channel: string): boolean {
  return app.settings.contentHiddenPrefixes.some((prefix) => channel.startsWith(prefix));
}
