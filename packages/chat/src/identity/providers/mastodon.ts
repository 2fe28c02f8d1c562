import { isIP } from 'node:net';
import { z } from '@hono/zod-openapi';
import type { Core } from '../../core/core.ts';
import type { Outbound } from '../../outbound/outbound.ts';
import type { Sealing } from '../sealing.ts';
import { OAuthFlow } from './oauth.ts';
import { type Provider, ProviderError } from './provider.ts';

const scope = 'read:accounts';

const registration = z.object({
  client_id: z.string().min(1).max(500),
  client_secret: z.string().min(1).max(500),
});
const account = z.object({
  id: z.string().min(1).max(200),
  username: z.string(),
  display_name: z.string().nullish(),
  avatar: z.string().nullish(),
});

/**
 * The server's name in what somebody typed: `mastodon.example`, its address, or `@ada@mastodon.example`.
 * @returns null for what is no public server's name
 */
export function mastodonServer(typed: string): string | null {
  const text = typed
    .trim()
    .replace(/^https:\/\//i, '')
    .replace(/\/+$/, '')
    .replace(/^@?[\w.-]+@/, '');
  if (!/^[^\s/?#@:\\]{3,253}$/u.test(text) || !URL.canParse(`https://${text}`)) return null;
  const { hostname } = new URL(`https://${text}`);
  if (isIP(hostname) !== 0 || !/^([a-z0-9-]{1,63}\.)+[a-z][a-z0-9-]{0,62}$/.test(hostname)) return null;
  return hostname;
}

/** One Mastodon server, where this server registers itself the first time that somebody wants to come from there. */
export function mastodonProvider(options: {
  readonly core: Core;
  readonly outbound: Outbound;
  readonly sealing: Sealing;
  readonly appId: string;
  /** As `mastodonServer` gives it. */
  readonly server: string;
  /** Where it is; `https://` and its name. */
  readonly address: string;
}): Provider {
  const { core, sealing, appId, server, address } = options;
  const flow = new OAuthFlow(options.outbound, server);
  const endpoints = {
    issuer: address,
    authorization_endpoint: `${address}/oauth/authorize`,
    token_endpoint: `${address}/oauth/token`,
  };

  async function kept(redirectUri: string) {
    const row = await core.db
      .selectFrom('chat_mastodon_clients')
      .select(['client_id', 'client_secret'])
      .where('app_id', '=', appId)
      .where('server', '=', server)
      .where('redirect_uri', '=', redirectUri)
      .executeTakeFirst();
    const secret =
      row === undefined ? null : await sealing.open(row.client_secret, 'mastodon', appId, server);
    return row === undefined || secret === null ? null : { id: row.client_id, secret, scope };
  }

  async function register(redirectUri: string): Promise<void> {
    const answer = await flow.json(new URL(`${address}/api/v1/apps`), {
      method: 'POST',
      body: { client_name: 'Earshot', redirect_uris: redirectUri, scopes: scope },
    });
    const said = registration.safeParse(answer);
    if (!said.success) {
      throw new ProviderError('refused', `${server} does not answer as a Mastodon server does`);
    }
    const row = {
      client_id: said.data.client_id,
      client_secret: await sealing.seal(said.data.client_secret, 'mastodon', appId, server),
      created_at: core.clock.now(),
    };
    await core.db
      .insertInto('chat_mastodon_clients')
      .values({ app_id: appId, server, redirect_uri: redirectUri, ...row })
      .onConflict((conflict) => conflict.columns(['app_id', 'server', 'redirect_uri']).doUpdateSet(row))
      .execute();
  }

  async function client(redirectUri: string) {
    const known = await kept(redirectUri);
    if (known !== null) return known;
    await register(redirectUri);
    const fresh = await kept(redirectUri);
    if (fresh === null) throw new Error('the registration was not kept');
    return fresh;
  }

  return {
    async begin(attempt) {
      return flow.authorizationUrl(endpoints, await client(attempt.redirectUri), attempt, false);
    },
    async finish(attempt, query) {
      const { access } = await flow
        .exchange(endpoints, await client(attempt.redirectUri), attempt, query, false)
        .catch(async (error) => {
          // Perhaps the server has forgotten us; the next try registers anew.
          if (error instanceof ProviderError && error.message.includes('invalid_client')) {
            await forget(attempt.redirectUri);
          }
          throw error;
        });
      const said = account.safeParse(
        await flow.json(new URL(`${address}/api/v1/accounts/verify_credentials`), { token: access.token }),
      );
      if (!said.success) throw new ProviderError('refused', `${server} did not say who this is`);
      const { id, username, display_name, avatar } = said.data;
      const shown = display_name?.trim() ? display_name : username;
      return { issuer: address, subject: id, name: shown, avatar: avatar ?? null, access };
    },
  };

  async function forget(redirectUri: string): Promise<void> {
    await core.db
      .deleteFrom('chat_mastodon_clients')
      .where('app_id', '=', appId)
      .where('server', '=', server)
      .where('redirect_uri', '=', redirectUri)
      .execute();
  }
}
