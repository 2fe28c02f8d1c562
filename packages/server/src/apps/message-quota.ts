import type { App } from './app.ts';

/**
 * Counts messages against the app's day: an event counts once, and once more for each subscriber who gets it.
 * @returns false, and counts nothing, when the day's limit has been reached
 */
export function takeMessages(app: App, messages: number): boolean | Promise<boolean> {
  return app.usage.take(messages, app.settings.messagesPerDay);
}
