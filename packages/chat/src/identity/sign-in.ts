import { originAllowed } from '@earshot/base';
import type { ChatApp } from '../apps.ts';
import type { Id } from '../contract/index.ts';
import type { ChatTransaction, Core } from '../core/core.ts';
import { refuse } from '../refusal.ts';
import type { KnownIdentity } from './entry.ts';
import { type ProvidedPerson, ProviderError } from './providers/provider.ts';
import type { Providers } from './providers/providers.ts';
import type { Sealing } from './sealing.ts';
import { hashOf, isHashOf, newSecret } from './secrets.ts';
import type { IdentityTables } from './tables.ts';

const attemptMs = 10 * 60_000;
const codeMs = 60_000;
/** A provider's token is for importing contacts, soon. */
const accessMsMax = 7 * 86_400_000;
const sweepMs = 60_000;

/** Paths of the pages, below the server's address. */
export const windowPath = '/chat/sign-in';
export const callbackPath = '/chat/sign-in/callback';

/** What the sign-in window asks for, see `SignInRequest`. */
export interface StartRequest {
  readonly provider: string;
  readonly server: string;
  /** Of the page that opened the window. */
  readonly origin: string;
  readonly challenge: string;
}

/** Where the window's own page is. */
export interface OwnPlace {
  /** The server's address for people, without a slash at its end. */
  readonly address: string;
  /** All origins that the pages may have. */
  readonly origins: readonly string[];
}

export interface StartAnswer {
  /** Of the provider. */
  readonly url: string;
  /** What comes back with the person. */
  readonly state: string;
  /** Stays in the window: whoever comes back has to be the one who left. */
  readonly window: string;
}

export interface Redeemed {
  readonly identity: KnownIdentity;
  /** Keeps what importers need, within the transaction that knows the person. */
  readonly keep: (trx: ChatTransaction, user: Id) => Promise<void>;
}

/**
 * Sign-in with a provider (contract/sign-in.ts): the window leaves for the provider with state, nonce and PKCE, comes back,
 * and gets a one-time code for the page that opened it. What is kept of all secrets that come back is a hash, and each
 * counts once.
 */
export class SignIns {
  readonly #core: Core;
  readonly #providers: Providers;
  readonly #sealing: Sealing;

  constructor(core: Core, providers: Providers, sealing: Sealing) {
    this.#core = core;
    this.#providers = providers;
    this.#sealing = sealing;
  }

  /** @throws Refusal */
  async start(app: ChatApp, request: StartRequest, own: OwnPlace): Promise<StartAnswer> {
    const { origin, challenge } = request;
    requireOpener(app, origin, own);
    const { provider, server } = this.#providers.find(app, request.provider, request.server);
    const attempt = {
      state: newSecret(),
      nonce: newSecret(),
      verifier: newSecret(),
      // Each server of strangers comes back to its own address, so that none can pass on what another one gave.
      redirectUri: `${own.address}${callbackPath}${server === '' ? '' : `?via=${encodeURIComponent(server)}`}`,
    };
    const url = await provider.begin(attempt).catch((error) => this.#failed(app, request.provider, error));
    const window = newSecret();
    await this.#core.db
      .insertInto('chat_sign_ins')
      .values({
        app_id: app.id,
        state_hash: hashOf(attempt.state),
        window_hash: hashOf(window),
        provider: request.provider,
        server,
        nonce: attempt.nonce,
        verifier: attempt.verifier,
        redirect_uri: attempt.redirectUri,
        opener: origin,
        challenge,
        expires_at: this.#core.clock.now() + attemptMs,
      })
      .execute();
    return { url: url.href, state: attempt.state, window };
  }

  /**
   * The window has come back.
   * @param query of the address that it came back with
   * @returns the one-time code, and the origin that it is for
   * @throws Refusal
   */
  async finish(
    app: ChatApp,
    window: string,
    query: URLSearchParams,
  ): Promise<{ readonly code: string; readonly origin: string }> {
    const state = query.get('state') ?? '';
    const row = await this.#core.db
      .deleteFrom('chat_sign_ins')
      .where('app_id', '=', app.id)
      .where('state_hash', '=', hashOf(state))
      .returningAll()
      .executeTakeFirst();
    if (row === undefined || row.expires_at <= this.#core.clock.now()) {
      refuse('sign_in_failed', {
        message: 'This sign-in is unknown, was used or took too long. Begin again.',
      });
    }
    if (!isHashOf(window, row.window_hash)) {
      refuse('sign_in_failed', { message: 'This sign-in was begun in another window. Begin again.' });
    }
    if ((query.get('via') ?? '') !== row.server) {
      refuse('sign_in_failed', { message: 'This is not the server that the sign-in was begun with.' });
    }
    const { provider } = this.#providers.find(app, row.provider, row.server);
    const { nonce, verifier, redirect_uri: redirectUri } = row;
    const person = await provider
      .finish({ state, nonce, verifier, redirectUri }, query)
      .catch((error) => this.#failed(app, row.provider, error));
    return { code: await this.#issue(app, row, person), origin: row.opener };
  }

  /**
   * Uses a one-time code up.
   * @param origin of the page that presents it; null for a client that is no browser
   * @throws Refusal `sign_in_failed`
   */
  async redeem(app: ChatApp, code: string, verifier: string, origin: string | null): Promise<Redeemed> {
    const row = await this.#core.db
      .deleteFrom('chat_sign_in_codes')
      .where('app_id', '=', app.id)
      .where('code_hash', '=', hashOf(code))
      .returningAll()
      .executeTakeFirst();
    const isGood =
      row !== undefined &&
      row.expires_at > this.#core.clock.now() &&
      isHashOf(verifier, row.challenge) &&
      (origin === null || origin === row.opener);
    if (!isGood)
      refuse('sign_in_failed', { message: 'This code is unknown, was used, is too old or not yours.' });
    const { provider, issuer, subject, name, avatar } = row;
    const profile = { name, avatar, moderator: null, verified: false };
    return {
      identity: { issuer, subject, profile },
      keep: async (trx, user) => {
        const { access_token, access_expires_at } = row;
        if (access_token === null || access_expires_at === null) return;
        const fresh = { subject, access_token, expires_at: access_expires_at };
        await trx
          .insertInto('chat_provider_tokens')
          .values({ app_id: app.id, user_id: user, provider, issuer, ...fresh })
          .onConflict((conflict) =>
            conflict.columns(['app_id', 'user_id', 'provider', 'issuer']).doUpdateSet(fresh),
          )
          .execute();
      },
    };
  }

  /** What an importer asks the provider with; null when there is nothing (any more). */
  async access(appId: string, user: Id, provider: string): Promise<ProviderAccess | null> {
    const row = await this.#core.db
      .selectFrom('chat_provider_tokens')
      .selectAll()
      .where('app_id', '=', appId)
      .where('user_id', '=', user)
      .where('provider', '=', provider)
      .where('expires_at', '>', this.#core.clock.now())
      .orderBy('expires_at', 'desc')
      .executeTakeFirst();
    if (row === undefined) return null;
    const { issuer, subject, access_token } = row;
    const token = await this.#sealing.open(access_token, 'provider-token', appId, issuer, subject);
    return token === null ? null : { issuer, subject, token };
  }

  /** Begins to clean up. @returns how to stop */
  startSweeping(): () => void {
    const timer = this.#core.clock.every(sweepMs, () => {
      this.sweep().catch((error) => this.#core.onProblem('sign-ins', error));
    });
    return () => timer.cancel();
  }

  /** Deletes what is too old to count. */
  async sweep(): Promise<void> {
    const now = this.#core.clock.now();
    for (const table of ['chat_sign_ins', 'chat_sign_in_codes', 'chat_provider_tokens'] as const) {
      await this.#core.db.deleteFrom(table).where('expires_at', '<=', now).execute();
    }
  }

  async #issue(app: ChatApp, row: IdentityTables['chat_sign_ins'], person: ProvidedPerson): Promise<string> {
    const now = this.#core.clock.now();
    const code = newSecret();
    const { issuer, subject, name, avatar, access } = person;
    const isNeeded = this.#providers.importsContacts(row.provider);
    const seconds = access.seconds ?? Number.POSITIVE_INFINITY;
    await this.#core.db
      .insertInto('chat_sign_in_codes')
      .values({
        app_id: app.id,
        code_hash: hashOf(code),
        opener: row.opener,
        challenge: row.challenge,
        provider: row.provider,
        issuer,
        subject,
        name,
        avatar,
        access_token: isNeeded
          ? await this.#sealing.seal(access.token, 'provider-token', app.id, issuer, subject)
          : null,
        access_expires_at: isNeeded ? now + Math.min(seconds * 1000, accessMsMax) : null,
        expires_at: now + codeMs,
      })
      .execute();
    return code;
  }

  #failed(app: ChatApp, provider: string, error: unknown): never {
    if (!(error instanceof ProviderError)) throw error;
    const { why, message } = error;
    if (why === 'cancelled') refuse('sign_in_failed', { field: 'cancelled', message: `${message}.` });
    this.#core.log.warn({ app: app.id, provider, why }, 'chat: a sign-in with a provider failed');
    if (why === 'unreachable') refuse('unavailable', { message: `${message}. Try again.` });
    refuse('sign_in_failed', { message: `${message}.` });
  }
}

/** A provider's token, for asking it about its user. */
export interface ProviderAccess {
  readonly issuer: string;
  /** The user's id there. */
  readonly subject: string;
  readonly token: string;
}

/** The page that opened the window gets a code that signs in: it has to be a known one, named exactly. */
function requireOpener(app: ChatApp, origin: string, own: OwnPlace): void {
  const isExact = URL.canParse(origin) && new URL(origin).origin === origin && origin !== 'null';
  const isListed = app.origins.length > 0 && originAllowed(app.origins, origin);
  if (isExact && (isListed || own.origins.includes(origin))) return;
  refuse('origin_refused', {
    field: 'origin',
    message:
      'The page that opened this window may not sign people in here. Add its origin to the app’s origins.',
  });
}
