import { z } from '@hono/zod-openapi';
import type { Outbound } from '../../outbound/outbound.ts';
import { type OAuthClient, OAuthFlow } from './oauth.ts';
import { type Provider, ProviderError } from './provider.ts';

/** Where GitHub is; a server of one's own is elsewhere. */
export interface GithubAddresses {
  /** `/login/oauth/authorize` and `/login/oauth/access_token` are below it. */
  readonly web: string;
  /** `/user` is below it. */
  readonly api: string;
}

export const githubAddresses: GithubAddresses = {
  web: 'https://github.com',
  api: 'https://api.github.com',
};

const user = z.object({
  id: z.number().int(),
  login: z.string(),
  name: z.string().nullish(),
  avatar_url: z.string().nullish(),
});

/** An OAuth app of GitHub, which speaks OAuth 2 with PKCE and no OpenID. */
export function githubProvider(
  outbound: Outbound,
  given: Omit<OAuthClient, 'scope'>,
  addresses = githubAddresses,
): Provider {
  const flow = new OAuthFlow(outbound, 'GitHub');
  const client = { ...given, scope: 'read:user' };
  const server = {
    issuer: `${addresses.web}/login/oauth`,
    authorization_endpoint: `${addresses.web}/login/oauth/authorize`,
    token_endpoint: `${addresses.web}/login/oauth/access_token`,
  };
  return {
    begin: (attempt) => flow.authorizationUrl(server, client, attempt, false),
    async finish(attempt, query) {
      const { access } = await flow.exchange(server, client, attempt, query, false);
      const said = user.safeParse(await flow.json(new URL(`${addresses.api}/user`), { token: access.token }));
      if (!said.success) throw new ProviderError('refused', 'GitHub did not say who this is');
      const { id, login, name, avatar_url } = said.data;
      const shown = name?.trim() ? name : login;
      return {
        issuer: addresses.web,
        // The name of an account can be given to somebody else; its number cannot.
        subject: `${id}`,
        name: shown,
        avatar: avatar_url ?? null,
        access,
      };
    },
  };
}
