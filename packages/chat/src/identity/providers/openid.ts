import type { Clock } from '@earshot/base';
import type { Outbound } from '../../outbound/outbound.ts';
import { type AuthorizationServer, type OAuthClient, OAuthFlow } from './oauth.ts';
import { type Provider, ProviderError } from './provider.ts';

const foundForMs = 60 * 60_000;

/** What discovery found, by issuer, for an hour: issuers are settings of apps, so they are few. */
export type FoundServers = Map<string, { readonly server: AuthorizationServer; readonly until: number }>;

/** Any OpenID Connect provider, by discovery. */
export function openIdProvider(options: {
  readonly outbound: Outbound;
  readonly clock: Clock;
  readonly found: FoundServers;
  readonly name: string;
  readonly issuer: string;
  readonly client: Omit<OAuthClient, 'scope'>;
  /** The person's address is wanted as well. */
  readonly asksForEmail?: boolean;
}): Provider {
  const { clock, found, issuer, name, asksForEmail = false } = options;
  const scope = asksForEmail ? 'openid profile email' : 'openid profile';
  const client = { ...options.client, scope };
  const flow = new OAuthFlow(options.outbound, name);

  async function server(): Promise<AuthorizationServer> {
    const known = found.get(issuer);
    if (known !== undefined && known.until > clock.now()) return known.server;
    const server = await flow.discover(new URL(issuer));
    found.set(issuer, { server, until: clock.now() + foundForMs });
    return server;
  }

  return {
    async begin(attempt) {
      return flow.authorizationUrl(await server(), client, attempt, true);
    },
    async finish(attempt, query) {
      const at = await server();
      const { access, claims } = await flow.exchange(at, client, attempt, query, true);
      if (claims === undefined) throw new ProviderError('refused', `${name} gave no ID token`);
      const isWhole = nameIn(claims) !== '' && (!asksForEmail || claims.email !== undefined);
      const said =
        isWhole || at.userinfo_endpoint === undefined
          ? claims
          : { ...claims, ...(await flow.userInfo(at, client, access.token, claims.sub)) };
      const picture = said.picture;
      return {
        issuer: at.issuer,
        subject: claims.sub,
        name: nameIn(said),
        avatar: typeof picture === 'string' ? picture : null,
        ...(asksForEmail ? { email: emailIn(said) } : {}),
        access,
      };
    },
  };
}

/** Standard claims, OpenID Connect Core 1.0 §5.1. */
function nameIn(claims: Readonly<Record<string, unknown>>): string {
  const names = [claims.name, claims.preferred_username, claims.nickname, claims.given_name];
  return names.find((name): name is string => typeof name === 'string' && name.trim() !== '') ?? '';
}

/** Anybody may write any address into their profile; only one that the provider has verified says who they are. */
function emailIn({ email, email_verified: isVerified }: Readonly<Record<string, unknown>>): string | null {
  return typeof email === 'string' && isVerified === true ? email : null;
}
