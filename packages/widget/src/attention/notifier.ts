import type { NotificationData } from './worker-messages.ts';

export interface Shown {
  /** A newer one of the same tag replaces the older one. */
  readonly tag: string;
  readonly title: string;
  readonly body: string;
  readonly data: NotificationData;
  readonly icon: string;
  /** The chat makes a sound of its own, or the person wants none. */
  readonly silent: boolean;
}

/** Notifications of the system. */
export interface Notifier {
  /** @returns false where the person has not agreed, or the browser shows none */
  show(shown: Shown): Promise<boolean>;
  /** Puts away what called for something that has been read. */
  close(tag: string): Promise<void>;
}

/**
 * Shows them by the page's service worker, which phones insist on, else by the page itself.
 * @param onClick for those that the page itself shows; the worker handles its own
 */
export function createNotifier(
  registration: () => Promise<ServiceWorkerRegistration | null>,
  onClick: (data: NotificationData) => void,
): Notifier {
  const own = new Map<string, Notification>();
  return {
    async show({ tag, title, ...rest }) {
      if (typeof Notification === 'undefined' || Notification.permission !== 'granted') return false;
      const options = { ...rest, tag, renotify: true } as NotificationOptions;
      try {
        const found = await registration();
        if (found?.active) {
          await found.showNotification(title, options);
          return true;
        }
        const shown = new Notification(title, options);
        shown.addEventListener('click', () => {
          window.focus();
          shown.close();
          onClick(rest.data);
        });
        own.set(tag, shown);
        return true;
      } catch {
        return false; // phones know no notifications without a worker
      }
    },
    async close(tag) {
      own.get(tag)?.close();
      own.delete(tag);
      const found = await registration();
      for (const shown of (await found?.getNotifications({ tag })) ?? []) shown.close();
    },
  };
}
