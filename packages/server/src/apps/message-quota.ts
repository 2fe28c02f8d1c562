import type { App } from './app.ts';

/**
 * Counts messages against the app's day: an event counts once, and once more for each subscriber who gets it.
 * @returns false, and counts nothing, when the day's limit has been reached
 */
export function takeMessages(app: App, messages: number): boolean {
  const limit = app.settings.messagesPerDay;
  if (limit > 0 && app.usage.messagesToday >= limit) return false;
  app.usage.count(messages);
  return true;
}
