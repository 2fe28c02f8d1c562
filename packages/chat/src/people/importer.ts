import type { ProviderToken } from './parts.ts';

/** Somebody whom a person knows at a provider, named as sign-ins through that provider name people. */
export interface FoundContact {
  readonly issuer: string;
  readonly subject: string;
}

export interface ImportPage {
  readonly contacts: readonly FoundContact[];
  /** How many there are altogether, where the provider says so; the first page may. */
  readonly total: number | null;
  /** What the next call is given; null: that was all. It is kept in the database, so it holds no secret. */
  readonly next: string | null;
  /** The provider wants a rest before the next call; 0 = none. */
  readonly waitMs: number;
}

/**
 * Finds whom a person knows at one provider. To add a provider, write one of these and list it in `importers.ts`.
 *
 * It is called only after the person has asked for it, with a token that they got for it, page by page: each page is stored
 * before the next one is asked for, so that an import goes on where it was after a crash.
 */
export interface Importer {
  /** As `ChatConfig.providers` names it. */
  readonly provider: string;
  /**
   * One page, of a hundred people or so.
   * @param cursor `next` of the page before; null at the start
   * @throws ImportFailure
   */
  page(access: ProviderToken, cursor: string | null): Promise<ImportPage>;
  /**
   * The name by which other people's pages name this person, where that is not their identity: asked when they sign in.
   * @throws ImportFailure
   */
  alias?(access: ProviderToken): Promise<FoundContact>;
}

/**
 * Why there is no page.
 * - `access_denied`: the token is not, or no longer, good for it. Signing in again helps.
 * - `rate_limited`: to be tried again after `waitMs`.
 * - `unavailable`: the provider cannot be reached or answers nonsense. It is tried again a few times.
 */
export type ImportFailureCode = 'access_denied' | 'rate_limited' | 'unavailable';

export class ImportFailure extends Error {
  override readonly name = 'ImportFailure';
  constructor(
    readonly code: ImportFailureCode,
    message: string,
    readonly waitMs = 0,
  ) {
    super(message);
  }
}
