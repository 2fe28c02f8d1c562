/** What registering a service worker takes where a page enforces Trusted Types. Named, so that its policy can allow it. */
interface TrustedTypePolicies {
  createPolicy(
    name: string,
    rules: { createScriptURL(url: string): string },
  ): { createScriptURL(url: string): string };
}

let url: string | null = null;
let policy: { createScriptURL(url: string): string } | null = null;

/**
 * A service worker's address as the browser takes it: under Trusted Types by the policy `earshot-worker`, which gives out
 * this one address only.
 * @throws TypeError when the page's policy does not allow `trusted-types earshot-worker`
 */
function trusted(address: string): string {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypePolicies };
  if (trustedTypes === undefined) return address;
  url = address;
  if (policy === null)
    policy = trustedTypes.createPolicy('earshot-worker', {
      createScriptURL: (asked) => {
        if (asked !== url) throw new TypeError(`Earshot registers no worker but ${url}`);
        return asked;
      },
    });
  return policy.createScriptURL(address);
}

/**
 * Registers the page's service worker, or finds it registered.
 * @param address of the same origin as the page
 * @param scope null: the worker's own folder
 * @returns null where there are no service workers, or the page does not allow this one
 */
export async function registerWorker(
  address: string,
  scope: string | null,
): Promise<ServiceWorkerRegistration | null> {
  const container = navigator.serviceWorker as ServiceWorkerContainer | undefined;
  if (container === undefined) return null;
  try {
    return await container.register(trusted(address), scope === null ? {} : { scope });
  } catch (error) {
    console.error('Earshot: the service worker could not be registered, so there is no push.', error);
    return null;
  }
}
