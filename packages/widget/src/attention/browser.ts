import type { AttentionPort } from './port.ts';

type Permission = ReturnType<AttentionPort['permission']>;

/**
 * Permission and push of this browser.
 * @param registration of the page's service worker, asked for when it is needed first; null where there is none
 * @param canRegister whether the page has one at all
 */
export function browserAttention(
  registration: () => Promise<ServiceWorkerRegistration | null>,
  canRegister: boolean,
): AttentionPort {
  const permission = (): Permission =>
    typeof Notification === 'undefined' || !isSecureContext ? 'unsupported' : Notification.permission;
  return {
    permission,
    ask: async () => (permission() === 'default' ? Notification.requestPermission() : permission()),
    async pushState() {
      if (permission() === 'unsupported' || typeof PushManager === 'undefined') return 'unsupported';
      // Without the permission there is no subscription, and a worker is registered only when it is of use.
      if (permission() !== 'granted') return canRegister ? 'off' : 'unsupported';
      const found = await registration();
      if (found === null) return 'unsupported';
      return (await found.pushManager.getSubscription()) === null ? 'off' : 'on';
    },
    async subscribe(key) {
      const found = await registration();
      if (found === null) throw new Error('there is no service worker for push');
      return (await import('./push.ts')).subscribeTo(found, key);
    },
    async unsubscribe() {
      const found = await registration();
      const subscription = await found?.pushManager.getSubscription();
      if (!subscription) return null;
      await subscription.unsubscribe();
      return subscription.endpoint;
    },
  };
}
