import type { Conversation, Id } from '../contract/index.ts';
import type { Attention, Core, Directs, People, Reach } from '../core/core.ts';

/** Conversations as their reader sees them (`conversations/`). */
export interface ConversationViews {
  /** One-to-one conversations and the rooms that the reader is in, newest first. */
  newest(appId: string, reader: Id, most: number): Promise<readonly Conversation[]>;
  /** Undefined when the reader is not in it. */
  one(appId: string, reader: Id, conversation: Id): Promise<Conversation | undefined>;
}

/** What this folder is given. */
export interface PeopleParts {
  readonly core: Core;
  readonly people: People;
  readonly reach: Reach;
  readonly directs: Directs;
  readonly attention: Attention;
}

/** What it takes to tell what changed between people. */
export type TiesParts = Pick<PeopleParts, 'core' | 'people' | 'directs'>;

/** What an importer may ask a provider with. */
export interface ProviderToken {
  /** As the person's own identity has it. */
  readonly issuer: string;
  readonly subject: string;
  readonly token: string;
}

/** Tokens that people got from providers (`identity/`). */
export interface ProviderTokens {
  /** Null: the person has not signed in with the provider, or too long ago. */
  token(appId: string, person: Id, provider: string): Promise<ProviderToken | null>;
}

/** Who is behind an identity (`identity/`). */
export interface Identities {
  /** Those who have signed in here, by subject. */
  usersOf(appId: string, issuer: string, subjects: readonly string[]): Promise<ReadonlyMap<string, Id>>;
}
