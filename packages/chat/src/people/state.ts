import { inboxOf, type State } from '../contract/index.ts';
import type { Caller } from '../core/core.ts';
import type { Blocks } from './blocks.ts';
import type { Contacts } from './contacts.ts';
import type { Imports } from './imports.ts';
import type { Invitations } from './invitations.ts';
import type { ConversationViews, PeopleParts } from './parts.ts';
import type { Presence } from './presence.ts';

const conversationsMax = 200;

export interface StateSources {
  readonly contacts: Contacts;
  readonly blocks: Blocks;
  readonly invitations: Invitations;
  readonly imports: Imports;
  readonly presence: Presence;
  readonly views: ConversationViews;
}

/**
 * Everything that a client needs, asked for after its inbox is subscribed. What changes while it is read comes as an event,
 * too, or is in it: that holds because the caller counts as connected before anything is read, whether or not the host's
 * fact of that has arrived by now.
 */
export async function stateOf(
  { core, people, reach }: PeopleParts,
  sources: StateSources,
  { app, user }: Caller,
): Promise<State> {
  const now = core.clock.now();
  if (!(await reach.isConnected(app.id, user))) {
    const { subscriptions } = await core.host.count(app.id, inboxOf(user));
    if (subscriptions > 0) await sources.presence.arrived(app.id, user);
  }
  return {
    me: await people.me(app.id, user),
    contacts: await sources.contacts.of(app.id, user),
    blocked: await sources.blocks.of(app.id, user),
    invitations: await sources.invitations.of(app.id, user),
    conversations: await sources.views.newest(app.id, user, conversationsMax),
    imports: await sources.imports.of(app.id, user),
    now,
  };
}
