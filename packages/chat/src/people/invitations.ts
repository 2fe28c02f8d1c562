import {
  type Conversation,
  type Id,
  type Invitation,
  type InvitationState,
  inboxOf,
  isId,
  limits,
  type Person,
} from '../contract/index.ts';
import type { Caller, ChatTransaction } from '../core/core.ts';
import { newId } from '../ids.ts';
import { refuse } from '../refusal.ts';
import type { Contacts } from './contacts.ts';
import {
  after,
  backoffForgottenMs,
  backoffMs,
  type InvitationAct,
  isOpen,
  type KeptInvitation,
  seenBy,
} from './invitation.ts';
import { lockPersons } from './lock.ts';
import type { ConversationViews, PeopleParts } from './parts.ts';
import { isBlocked, isListed, isMutual, type Relation, relationsOf, sees, stranger } from './relations.ts';
import type { PeopleTables } from './tables.ts';

export const expiryTimer = 'invitation-expiry';

/** Asking, cancelling and asking again makes somebody's tabs flash: how often one may ask one person in so long. */
const asksMax = 6;
const asksWindowMs = 10 * 60_000;
/** How long a row is kept after its end, for those who answer late. */
const keptMs = 24 * 60 * 60_000;

type InvitationRow = PeopleTables['chat_invitations'];

export interface Asked {
  readonly invitation: Invitation | null;
  readonly conversation: Conversation | null;
}

/** What a transaction found, before it is told in full. */
interface Outcome {
  readonly row: InvitationRow | null;
  readonly conversation: Id | null;
  /** It rings, and nobody there hears it. */
  readonly ringUnheard: boolean;
}

/**
 * One person asks another one for a one-to-one conversation. What can happen to an invitation is in `invitation.ts`; here
 * is who may do it, what it brings along, and who is told.
 *
 * Whoever cannot be reached (blocked, gone, unknown, declining for now) rings without answer: the same rows, the same
 * answer, the same end, only that nobody is told.
 */
export class Invitations {
  readonly #parts: PeopleParts;
  readonly #contacts: Contacts;
  readonly #views: ConversationViews;

  constructor(parts: PeopleParts, contacts: Contacts, views: ConversationViews) {
    this.#parts = parts;
    this.#contacts = contacts;
    this.#views = views;
    parts.core.timers.on(expiryTimer, (appId, id) => this.#expire(appId, id));
  }

  /** Opens the conversation where that may be, else asks for it. Asking twice is asking once. */
  async ask({ app, user }: Caller, to: Id): Promise<Asked> {
    const { core, people, reach, directs, attention } = this.#parts;
    if (!isId(to)) refuse('bad_request', { field: 'to', message: 'Expected the id of a person.' });
    if (to === user) refuse('bad_request', { field: 'to', message: 'You cannot talk to yourself.' });
    if (app.settings.chatDirect === 'nobody') refuse('not_reachable');
    const there = (await directs.of(app.id, user)).get(to);
    const writable = await reach.mayWrite(app.id, user, to);
    if (there !== undefined && writable) {
      return { invitation: null, conversation: await this.#reopen(app.id, user, to, there) };
    }
    const person = await people.person(app.id, to);
    const gone = person === undefined || person.deleted;
    const outcome = await core.db.transaction().execute(async (trx): Promise<Outcome> => {
      const statuses = await lockPersons(trx, app.id, gone ? [user] : [user, to], core.clock.now());
      const relation = (await relationsOf(trx, app.id, user, [to])).get(to) ?? stranger;
      if (relation.blockedByMe) {
        refuse('conflict', { field: 'to', message: 'You have blocked this person. Unblock them first.' });
      }
      // Said openly of people who are not in the asker's own list: it tells nothing about them.
      if (app.settings.chatDirect === 'contacts' && !isListed(relation)) refuse('not_reachable');
      const between = await this.#between(trx, app.id, user, to);
      const now = core.clock.now();
      const open = between.find((row) => isOpen(kept(row), now));
      if (open?.from_id === user) return { row: open, conversation: null, ringUnheard: false };
      const reachable = !gone && !isBlocked(relation);
      if (open !== undefined && reachable) {
        const met = await this.#act(trx, open, 'meet');
        return { row: met, conversation: met.conversation_id, ringUnheard: false };
      }
      if (reachable && opensAtOnce(app.settings, relation)) {
        return { row: null, conversation: await directs.open(trx, app.id, user, to), ringUnheard: false };
      }
      await this.#refuseTooMany(trx, app.id, user, between, now);
      const backoff = await this.#backoff(trx, app.id, user, to);
      const silent = !reachable || app.settings.chatDirect === 'contacts' || (backoff?.until ?? 0) > now;
      const row = await this.#ring(trx, app.id, user, to, silent);
      return { row, conversation: null, ringUnheard: !silent && statuses.get(to)?.connected !== 1 };
    });
    await core.outbox.flush();
    const { row, conversation, ringUnheard } = outcome;
    const invitation = row === null ? null : await this.#told(row, user);
    if (ringUnheard && invitation !== null) attention.invitation(app.id, invitation);
    return {
      invitation,
      conversation: conversation === null ? null : await this.#conversation(app.id, user, conversation),
    };
  }

  /** The receiver's answer. Somebody who answers second is told what the first answer was. */
  accept(caller: Caller, id: Id): Promise<Invitation> {
    if (caller.app.settings.chatDirect === 'nobody') refuse('not_reachable');
    return this.#answer(caller, id, 'accept');
  }

  decline(caller: Caller, id: Id): Promise<Invitation> {
    return this.#answer(caller, id, 'decline');
  }

  /** The asker takes it back, which closes the receiver's prompts. */
  cancel(caller: Caller, id: Id): Promise<Invitation> {
    return this.#answer(caller, id, 'cancel');
  }

  /** Open ones, to the person and from them, as they may see them; the oldest first. */
  async of(appId: string, person: Id): Promise<Invitation[]> {
    const { core } = this.#parts;
    const now = core.clock.now();
    const rows = await core.db
      .selectFrom('chat_invitations')
      .selectAll()
      .where('app_id', '=', appId)
      .where((where) => where.or([where('from_id', '=', person), where('to_id', '=', person)]))
      .where('expires_at', '>', now)
      .orderBy('at')
      .orderBy('id')
      .execute();
    const open = rows.filter((row) => seenBy(kept(row), sideOf(row, person), now) === 'asked');
    const persons = await this.#personsOf(appId, open);
    return open.map((row) => invitationOf(row, person, persons, now));
  }

  /**
   * A block ends what is open between the two. To the one who is blocked their own ring looks as if nobody answered; what
   * the blocker asked is taken back.
   */
  async endBetween(trx: ChatTransaction, appId: string, blocker: Id, other: Id): Promise<void> {
    for (const row of await this.#between(trx, appId, blocker, other)) {
      if (!isOpen(kept(row), this.#parts.core.clock.now())) continue;
      await this.#act(trx, row, row.from_id === blocker ? 'cancel' : 'decline', { backoff: false });
    }
  }

  /**
   * The person is erased: what they asked is taken back, and what was asked of them rings on for the asker, to an id
   * that is nobody's.
   */
  async endAll(trx: ChatTransaction, appId: string, person: Id): Promise<void> {
    const now = this.#parts.core.clock.now();
    const rows = await trx
      .selectFrom('chat_invitations')
      .selectAll()
      .where('app_id', '=', appId)
      .where((where) => where.or([where('from_id', '=', person), where('to_id', '=', person)]))
      .execute();
    for (const row of rows) {
      const open = isOpen(kept(row), now);
      if (open) await this.#act(trx, row, row.from_id === person ? 'cancel' : 'decline', { backoff: false });
      if (open && row.to_id === person) {
        await trx
          .updateTable('chat_invitations')
          .set({ to_id: newId(), silent: 1 })
          .where('app_id', '=', appId)
          .where('id', '=', row.id)
          .execute();
      }
    }
    await trx
      .deleteFrom('chat_invitations')
      .where('app_id', '=', appId)
      .where((where) => where.or([where('from_id', '=', person), where('to_id', '=', person)]))
      .execute();
  }

  /** Rows of invitations that are over. */
  async forget(appId: string): Promise<void> {
    const { core } = this.#parts;
    const now = core.clock.now();
    await core.db
      .deleteFrom('chat_invitations')
      .where('app_id', '=', appId)
      .where('expires_at', '<', now - keptMs)
      .execute();
    await core.db
      .deleteFrom('chat_invitation_backoffs')
      .where('app_id', '=', appId)
      .where('until', '<', now - backoffForgottenMs)
      .execute();
  }

  async #answer({ app, user }: Caller, id: Id, act: 'accept' | 'decline' | 'cancel'): Promise<Invitation> {
    const { core } = this.#parts;
    const side = act === 'cancel' ? 'asker' : 'receiver';
    const found = await core.db
      .selectFrom('chat_invitations')
      .selectAll()
      .where('app_id', '=', app.id)
      .where('id', '=', id)
      .where(side === 'asker' ? 'from_id' : 'to_id', '=', user)
      .executeTakeFirst();
    // An invitation that the receiver was not told of does not exist for them.
    if (found === undefined || seenBy(kept(found), side, core.clock.now()) === null) refuse('not_found');
    const row = await core.db.transaction().execute(async (trx) => {
      await lockPersons(trx, app.id, [found.from_id, found.to_id], core.clock.now());
      const held = await this.#row(trx, app.id, id);
      if (held === undefined) refuse('not_found');
      const late = core.clock.now() >= held.expires_at;
      return this.#act(trx, held, late ? 'expire' : act);
    });
    await core.outbox.flush();
    return this.#told(row, user);
  }

  /** Both sides are held. @returns the row as it is then; the same when nothing happened */
  async #act(
    trx: ChatTransaction,
    row: InvitationRow,
    act: InvitationAct,
    { backoff }: { readonly backoff: boolean } = { backoff: true },
  ): Promise<InvitationRow> {
    const { core, directs } = this.#parts;
    const { app_id: appId, from_id: from, to_id: to } = row;
    const state = after(row.state, act);
    if (state === null) return row;
    const conversation_id = state === 'accepted' ? await directs.open(trx, appId, from, to) : null;
    const changed: InvitationRow = { ...row, state, conversation_id };
    await trx
      .updateTable('chat_invitations')
      .set({ state, conversation_id })
      .where('app_id', '=', appId)
      .where('id', '=', row.id)
      .execute();
    // A declined one is told to the asker when its time is over.
    if (state !== 'declined') await core.timers.cancel(trx, expiryTimer, appId, row.id);
    if (state === 'declined' && backoff) await this.#raiseBackoff(trx, appId, from, to);
    if (state === 'accepted') {
      await this.#clearBackoffs(trx, appId, from, to);
      await this.#contacts.befriend(trx, appId, from, to);
    }
    const told = row.state === 'declined' && state === 'cancelled' ? [from] : [from, to];
    await this.#tellAnswer(trx, changed, state === 'declined' ? [to] : told);
    return changed;
  }

  async #expire(appId: string, id: Id): Promise<void> {
    const { core } = this.#parts;
    const found = await this.#row(core.db, appId, id);
    if (found === undefined) return;
    const persons = await this.#personsOf(appId, [found]);
    const there = [...persons.values()].filter(({ deleted }) => !deleted).map(({ id: person }) => person);
    await core.db.transaction().execute(async (trx) => {
      await lockPersons(trx, appId, there, core.clock.now());
      const row = await this.#row(trx, appId, id);
      if (row === undefined || core.clock.now() < row.expires_at) return;
      if (row.state === 'asked') await this.#act(trx, row, 'expire');
      else if (row.state === 'declined') await this.#tellAnswer(trx, row, [row.from_id]);
    });
    await core.outbox.flush();
  }

  async #ring(
    trx: ChatTransaction,
    appId: string,
    from: Id,
    to: Id,
    silent: boolean,
  ): Promise<InvitationRow> {
    const { core } = this.#parts;
    const at = core.clock.now();
    const row: InvitationRow = {
      app_id: appId,
      id: newId(),
      from_id: from,
      to_id: to,
      state: 'asked',
      silent: silent ? 1 : 0,
      at,
      expires_at: at + limits.invitationSeconds * 1_000,
      conversation_id: null,
    };
    await trx.insertInto('chat_invitations').values(row).execute();
    await core.timers.set(trx, expiryTimer, appId, row.id, row.expires_at);
    const persons = await this.#personsOf(appId, [row], trx);
    const invitation = invitationOf(row, from, persons, at);
    const inboxes = silent ? [inboxOf(from)] : [inboxOf(from), inboxOf(to)];
    await core.outbox.add(trx, appId, inboxes, 'one-to-one-chat-request', { invitation });
    return row;
  }

  /** To each what they may see, in one event where both see the same. */
  async #tellAnswer(trx: ChatTransaction, row: InvitationRow, told: readonly Id[]): Promise<void> {
    const { core } = this.#parts;
    const now = core.clock.now();
    const persons = await this.#personsOf(row.app_id, [row], trx);
    const inboxes = new Map<InvitationState, string[]>();
    for (const person of told) {
      const state = seenBy(kept(row), sideOf(row, person), now);
      if (state !== null) inboxes.set(state, [...(inboxes.get(state) ?? []), inboxOf(person)]);
    }
    for (const [state, channels] of inboxes) {
      const invitation = { ...invitationOf(row, row.from_id, persons, now), state };
      await core.outbox.add(trx, row.app_id, channels, 'one-to-one-chat-answered', { invitation });
    }
  }

  async #refuseTooMany(
    trx: ChatTransaction,
    appId: string,
    from: Id,
    between: readonly InvitationRow[],
    now: number,
  ): Promise<void> {
    const mine = await trx
      .selectFrom('chat_invitations')
      .selectAll()
      .where('app_id', '=', appId)
      .where('from_id', '=', from)
      .where('expires_at', '>', now)
      .orderBy('expires_at')
      .execute();
    const open = mine.filter((row) => isOpen(kept(row), now));
    if (open.length >= limits.openInvitations) {
      refuse('busy', { retryAfterSeconds: secondsUntil(open[0]?.expires_at, now) });
    }
    const recent = between.filter((row) => row.from_id === from && row.at > now - asksWindowMs);
    if (recent.length >= asksMax) {
      const oldest = Math.min(...recent.map(({ at }) => at));
      refuse('too_many_requests', { retryAfterSeconds: secondsUntil(oldest + asksWindowMs, now) });
    }
  }

  /** Of the last minutes, in both directions; the newest first. */
  #between(trx: ChatTransaction, appId: string, one: Id, other: Id): Promise<InvitationRow[]> {
    return trx
      .selectFrom('chat_invitations')
      .selectAll()
      .where('app_id', '=', appId)
      .where((where) =>
        where.or([
          where('from_id', '=', one).and('to_id', '=', other),
          where('from_id', '=', other).and('to_id', '=', one),
        ]),
      )
      .where('expires_at', '>', this.#parts.core.clock.now() - asksWindowMs)
      .orderBy('at', 'desc')
      .execute();
  }

  #row(db: PeopleParts['core']['db'] | ChatTransaction, appId: string, id: Id) {
    return db
      .selectFrom('chat_invitations')
      .selectAll()
      .where('app_id', '=', appId)
      .where('id', '=', id)
      .executeTakeFirst();
  }

  #backoff(trx: ChatTransaction, appId: string, from: Id, to: Id) {
    return trx
      .selectFrom('chat_invitation_backoffs')
      .select(['declines', 'until'])
      .where('app_id', '=', appId)
      .where('from_id', '=', from)
      .where('to_id', '=', to)
      .executeTakeFirst();
  }

  async #raiseBackoff(trx: ChatTransaction, appId: string, from: Id, to: Id): Promise<void> {
    const now = this.#parts.core.clock.now();
    const before = await this.#backoff(trx, appId, from, to);
    const counted = before !== undefined && before.until > now - backoffForgottenMs ? before.declines : 0;
    const change = { declines: counted + 1, until: now + backoffMs(counted + 1) };
    await trx
      .insertInto('chat_invitation_backoffs')
      .values({ app_id: appId, from_id: from, to_id: to, ...change })
      .onConflict((conflict) => conflict.columns(['app_id', 'from_id', 'to_id']).doUpdateSet(change))
      .execute();
  }

  async #clearBackoffs(trx: ChatTransaction, appId: string, a: Id, b: Id): Promise<void> {
    await trx
      .deleteFrom('chat_invitation_backoffs')
      .where('app_id', '=', appId)
      .where('from_id', 'in', [a, b])
      .where('to_id', 'in', [a, b])
      .execute();
  }

  async #personsOf(
    appId: string,
    rows: readonly InvitationRow[],
    within?: ChatTransaction,
  ): Promise<ReadonlyMap<Id, Person>> {
    const ids = [...new Set(rows.flatMap((row) => [row.from_id, row.to_id]))];
    return this.#parts.people.persons(appId, ids, within);
  }

  async #told(row: InvitationRow, viewer: Id): Promise<Invitation> {
    const persons = await this.#personsOf(row.app_id, [row]);
    return invitationOf(row, viewer, persons, this.#parts.core.clock.now());
  }

  /** Whoever has left it is in it again. */
  async #reopen(appId: string, user: Id, to: Id, id: Id): Promise<Conversation | null> {
    const { core, directs } = this.#parts;
    const seen = await this.#conversation(appId, user, id);
    if (seen !== null) return seen;
    await core.db.transaction().execute(async (trx) => {
      await lockPersons(trx, appId, [user, to], core.clock.now());
      await directs.open(trx, appId, user, to);
    });
    await core.outbox.flush();
    return this.#conversation(appId, user, id);
  }

  async #conversation(appId: string, reader: Id, id: Id): Promise<Conversation | null> {
    return (await this.#views.one(appId, reader, id)) ?? null;
  }
}

/** Whether the app's policy lets these two talk without asking. Nobody of them is blocked. */
function opensAtOnce({ chatDirect, chatAutoAccept }: Caller['app']['settings'], relation: Relation): boolean {
  if (chatDirect === 'open') return true;
  // Following somebody is not enough: see what a contact is worth in `relations.ts`.
  if (chatDirect === 'contacts') return sees(relation);
  return chatAutoAccept && isMutual(relation);
}

function kept({ state, silent, expires_at }: InvitationRow): KeptInvitation {
  return { state, silent: silent === 1, expiresAt: expires_at };
}

const sideOf = (row: InvitationRow, person: Id) => (row.from_id === person ? 'asker' : 'receiver');

function invitationOf(
  row: InvitationRow,
  viewer: Id,
  persons: ReadonlyMap<Id, Person>,
  now: number,
): Invitation {
  return {
    id: row.id,
    from: persons.get(row.from_id) ?? nobody(row.from_id),
    to: persons.get(row.to_id) ?? nobody(row.to_id),
    state: seenBy(kept(row), sideOf(row, viewer), now) ?? 'expired',
    at: row.at,
    expiresAt: row.expires_at,
    conversation: row.conversation_id,
  };
}

function nobody(id: Id): Person {
  return { id, name: '', kind: 'user', verified: false, avatar: null, deleted: true };
}

function secondsUntil(at: number | undefined, now: number): number {
  return Math.max(1, Math.ceil(((at ?? now) - now) / 1_000));
}
