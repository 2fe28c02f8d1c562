import * as oauth from 'oauth4webapi';
import { type Outbound, OutboundError } from '../../outbound/outbound.ts';
import { type Attempt, type ProvidedPerson, ProviderError } from './provider.ts';

const bounds = { bytesMax: 512 * 1024, timeoutMs: 10_000 };

/** A provider's server, as OAuth knows it: found by discovery, or written down. */
export type AuthorizationServer = oauth.AuthorizationServer;

export interface OAuthClient {
  readonly id: string;
  /** Null: a public client. */
  readonly secret: string | null;
  readonly scope: string;
}

/** The conversation with one provider; all of it goes through the guard. */
export class OAuthFlow {
  readonly #outbound: Outbound;
  readonly #provider: string;

  /** @param provider its name, for messages */
  constructor(outbound: Outbound, provider: string) {
    this.#outbound = outbound;
    this.#provider = provider;
  }

  /** OpenID Connect Discovery 1.0. */
  async discover(issuer: URL): Promise<AuthorizationServer> {
    return this.#trying(async () => {
      const answer = await oauth.discoveryRequest(issuer, this.#options(issuer));
      return oauth.processDiscoveryResponse(issuer, answer);
    });
  }

  async authorizationUrl(
    server: AuthorizationServer,
    client: OAuthClient,
    attempt: Attempt,
    isOpenId: boolean,
  ): Promise<URL> {
    const url = new URL(server.authorization_endpoint ?? '');
    if (!/^https?:$/.test(url.protocol)) {
      throw new ProviderError('refused', `${this.#provider} names no address of the web to sign in at`);
    }
    const parameters = {
      client_id: client.id,
      redirect_uri: attempt.redirectUri,
      response_type: 'code',
      scope: client.scope,
      state: attempt.state,
      code_challenge: await oauth.calculatePKCECodeChallenge(attempt.verifier),
      code_challenge_method: 'S256',
      ...(isOpenId ? { nonce: attempt.nonce } : {}),
    };
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    return url;
  }

  /** Exchanges the code that came back. State, issuer, and with OpenID the nonce and the rest of the ID token are checked. */
  async exchange(
    server: AuthorizationServer,
    client: OAuthClient,
    attempt: Attempt,
    query: URLSearchParams,
    isOpenId: boolean,
  ): Promise<{ readonly access: ProvidedPerson['access']; readonly claims: oauth.IDToken | undefined }> {
    return this.#trying(async () => {
      const us = { client_id: client.id };
      const how = client.secret === null ? oauth.None() : authentication(server, client.secret);
      const back = oauth.validateAuthResponse(
        server,
        us,
        isOpenId ? query : withoutIssuer(query),
        attempt.state,
      );
      const answer = await oauth.authorizationCodeGrantRequest(
        server,
        us,
        how,
        back,
        attempt.redirectUri,
        attempt.verifier,
        this.#options(new URL(server.token_endpoint ?? server.issuer)),
      );
      const result = await oauth.processAuthorizationCodeResponse(
        server,
        us,
        answer,
        isOpenId ? { expectedNonce: attempt.nonce, requireIdToken: true } : {},
      );
      return {
        access: { token: result.access_token, seconds: result.expires_in ?? null },
        claims: oauth.getValidatedIdTokenClaims(result),
      };
    });
  }

  /** What the OpenID provider's userinfo endpoint says; it has to be of the same person. */
  async userInfo(
    server: AuthorizationServer,
    client: OAuthClient,
    token: string,
    subject: string,
  ): Promise<oauth.UserInfoResponse> {
    return this.#trying(async () => {
      const us = { client_id: client.id };
      const options = this.#options(new URL(server.userinfo_endpoint ?? server.issuer));
      const answer = await oauth.userInfoRequest(server, us, token, options);
      return oauth.processUserInfoResponse(server, us, subject, answer);
    });
  }

  /** A request of our own to the provider's API. @returns what the answer's JSON says */
  async json(url: URL, init: { readonly method?: string; readonly token?: string; readonly body?: object }) {
    return this.#trying(async () => {
      const answer = await this.#outbound.fetch(
        url,
        {
          method: init.method ?? 'GET',
          headers: {
            Accept: 'application/json',
            'User-Agent': 'Earshot',
            ...(init.token === undefined ? {} : { Authorization: `Bearer ${init.token}` }),
            ...(init.body === undefined ? {} : { 'Content-Type': 'application/json' }),
          },
          ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
        },
        bounds,
      );
      if (!answer.ok) {
        const why = answer.status >= 500 || answer.status === 429 ? 'unreachable' : 'refused';
        throw new ProviderError(why, `${this.#provider} answered with status ${answer.status}`);
      }
      return (await answer.json()) as unknown;
    });
  }

  #options(url: URL) {
    return {
      [oauth.customFetch]: (address: string, init: oauth.CustomFetchOptions<string, unknown>) =>
        this.#outbound.fetch(
          address,
          {
            method: init.method,
            headers: init.headers,
            body: init.body as string | URLSearchParams | undefined,
          },
          bounds,
        ),
      // Whether http:// may be called at all is the guard's to say.
      [oauth.allowInsecureRequests]: url.protocol === 'http:',
    };
  }

  async #trying<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw this.#explained(error);
    }
  }

  #explained(error: unknown): unknown {
    if (error instanceof ProviderError) return error;
    const told = (why: ProviderError['why'], text: string) =>
      new ProviderError(why, `${this.#provider} ${text}`, { cause: error });
    if (error instanceof OutboundError) {
      const why = error.code === 'refused' ? 'refused' : 'unreachable';
      return new ProviderError(why, `${this.#provider}: ${error.message}`, { cause: error });
    }
    if (error instanceof oauth.AuthorizationResponseError) {
      return told(
        error.error === 'access_denied' ? 'cancelled' : 'refused',
        `came back with "${codeOf(error)}"`,
      );
    }
    if (error instanceof oauth.ResponseBodyError)
      return told('refused', `refused the code: "${codeOf(error)}"`);
    if (error instanceof oauth.WWWAuthenticateChallengeError) return told('refused', 'refused its own token');
    if (error instanceof oauth.OperationProcessingError || error instanceof oauth.UnsupportedOperationError) {
      return told('refused', `answered not as expected (${error.code ?? error.message})`);
    }
    if (error instanceof SyntaxError) return told('refused', 'did not answer with JSON');
    return error;
  }
}

/**
 * Without discovery nothing says how the server writes its issuer (RFC 9207), with or without a slash. What could be mixed
 * up is kept apart by addresses to come back to, one for each server.
 */
function withoutIssuer(query: URLSearchParams): URLSearchParams {
  return new URLSearchParams([...query].filter(([name]) => name !== 'iss'));
}

/** An error code of OAuth is short ASCII; what is not is not repeated. */
function codeOf({ error }: { readonly error: string }): string {
  return /^[\w .-]{1,60}$/.test(error) ? error : 'an error without a name';
}

/** Most take either; where one says what it takes, that counts. */
function authentication(server: AuthorizationServer, secret: string): oauth.ClientAuth {
  const taken = server.token_endpoint_auth_methods_supported;
  const wantsBasic = taken?.includes('client_secret_basic') === true && !taken.includes('client_secret_post');
  return wantsBasic ? oauth.ClientSecretBasic(secret) : oauth.ClientSecretPost(secret);
}
