/** Push of a service worker. Loaded when somebody has agreed to notifications. */

export async function subscribeTo(
  { pushManager }: ServiceWorkerRegistration,
  key: string,
): Promise<PushSubscriptionJSON> {
  const known = await pushManager.getSubscription();
  // One of another key (the server was set up anew) brings nothing and stands in the way.
  if (known !== null && !isOfKey(known, key)) await known.unsubscribe();
  const subscription = await pushManager.subscribe({
    userVisibleOnly: true,
    applicationServerKey: bytesOf(key),
  });
  return subscription.toJSON();
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
