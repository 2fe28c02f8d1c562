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
      const { pushManager } = found;
      const known = await pushManager.getSubscription();
      // One of another key (the server was set up anew) brings nothing and stands in the way.
      if (known !== null && !isOfKey(known, key)) await known.unsubscribe();
      const subscription = await pushManager.subscribe({
        userVisibleOnly: true,
        applicationServerKey: bytesOf(key),
      });
      return subscription.toJSON();
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

function isOfKey({ options }: PushSubscription, key: string): boolean {
  const bytes = new Uint8Array(options.applicationServerKey ?? new ArrayBuffer(0));
  const expected = bytesOf(key);
  return bytes.length === expected.length && bytes.every((byte, index) => byte === expected[index]);
}

/** @param text base64url */
function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const plain = text.replace(/-/g, '+').replace(/_/g, '/');
  return Uint8Array.from(atob(plain), (char) => char.charCodeAt(0));
}
