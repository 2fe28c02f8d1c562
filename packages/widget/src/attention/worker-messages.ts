/** What pages and the service worker say to each other, and what a notification carries. */

/** In `Notification.data`. */
export interface NotificationData {
  /** Of the app whose chat it is. */
  readonly app: string;
  readonly conversation: string | null;
  /** The page that opens when none is there: with the conversation in its fragment. */
  readonly url: string;
}

/** From the worker to pages, with a port on which the one that shows this app's chat answers `true`. */
export interface OpenRequest {
  readonly type: 'earshot:open';
  readonly app: string;
  readonly conversation: string | null;
}

export function isOpenRequest(data: unknown): data is OpenRequest {
  return typeof data === 'object' && data !== null && 'type' in data && data.type === 'earshot:open';
}

/** One per conversation: a newer one replaces the older one. */
export const tagOf = (app: string, conversation: string): string => `earshot-${app}-${conversation}`;
