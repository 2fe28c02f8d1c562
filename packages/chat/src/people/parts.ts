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
