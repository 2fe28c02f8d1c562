/** A certified OpenID provider on this machine, and a person who signs in there; for tests. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export const oidcClient = { id: 'earshot', secret: 'secret-of-the-client' };

/** What of the package is used; it brings no types. */
interface ProviderPackage {
  default: new (
    issuer: string,
    configuration: object,
  ) => { callback(): (request: never, answer: never) => void };
}

export interface OidcServer extends AsyncDisposable {
  readonly issuer: string;
}

/**
 * @param redirectUris where it may send people back to
 * @param more configuration of the package, on top
 */
export async function startOidcServer(
  redirectUris: readonly string[],
  more: object = {},
): Promise<OidcServer> {
  const http = createServer();
  await new Promise<void>((listening) => http.listen(0, '127.0.0.1', listening));
  const issuer = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  // Its development pages say at length that they are for development.
  const { warn, info } = console;
  console.warn = console.info = () => {};
  const packageName = 'oidc-provider';
  const { default: Provider }: ProviderPackage = await import(packageName);
  const provider = new Provider(issuer, {
    clients: [{ client_id: oidcClient.id, client_secret: oidcClient.secret, redirect_uris: redirectUris }],
    pkce: { required: () => true },
    cookies: { keys: ['key-of-this-test'] },
    claims: { openid: ['sub'], profile: ['name', 'picture'] },
    findAccount: (_context: unknown, id: string) => ({
      accountId: id,
      claims: () => ({ sub: id, name: `${id} of the provider`, picture: `https://id.example/${id}.png` }),
    }),
    ttl: { Interaction: 600, Session: 600, Grant: 600, AccessToken: 600, IdToken: 600 },
    ...more,
  });
  console.warn = warn;
  console.info = info;
  const handle = provider.callback();
  http.on('request', (request, answer) => handle(request as never, answer as never));
  return {
    issuer,
    async [Symbol.asyncDispose]() {
      http.closeAllConnections();
      await new Promise((closed) => http.close(closed));
    },
  };
}

/**
 * Somebody at a browser without scripts: follows redirects, fills in the login form and agrees.
 * @returns the address at which the provider sends them back
 */
export async function signInAt(url: string, back: string, login: string, agrees = true): Promise<URL> {
  const cookies = new Map<string, string>();
  let next = new URL(url);
  let form: URLSearchParams | null = null;
  for (let step = 0; step < 20; step++) {
    if (`${next.origin}${next.pathname}` === back) return next;
    const answer: Response = await fetch(next, {
      method: form === null ? 'GET' : 'POST',
      body: form,
      redirect: 'manual',
      headers: { Cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
    });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') cookies.delete(name);
      else cookies.set(name, value);
    }
    const location = answer.headers.get('Location');
    form = null;
    if (location !== null) {
      next = new URL(location, next);
      continue;
    }
    const page = await answer.text();
    const action = /<form[^>]*action="([^"]+)"/.exec(page)?.[1];
    const prompt = /name="prompt" value="([^"]+)"/.exec(page)?.[1];
    if (action === undefined || prompt === undefined) throw new Error(`status ${answer.status}: ${page}`);
    const abort = /href="([^"]+\/abort)"/.exec(page)?.[1];
    if (!agrees && abort !== undefined) {
      next = new URL(abort, next);
      continue;
    }
    next = new URL(action, next);
    form = new URLSearchParams({ prompt, login, password: 'any' });
  }
  throw new Error('the provider sends people round in circles');
}
