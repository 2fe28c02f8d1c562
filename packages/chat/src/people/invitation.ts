import type { InvitationState } from '../contract/index.ts';

/**
 * What can happen to an invitation. `accept`, `decline` and `meet` (the receiver asks the asker) are the receiver's,
 * `cancel` is the asker's, `expire` the clock's. Whoever blocks the other one declines or cancels by it.
 */
export const invitationActs = ['accept', 'decline', 'cancel', 'meet', 'expire'] as const;
export type InvitationAct = (typeof invitationActs)[number];

/**
 * The whole life of an invitation. What is not here does not happen: a second answer changes nothing, and whoever gives it
 * is told how things stand.
 *
 * To the asker a declined one is open until its time is over, so it can still be cancelled, and the receiver who asks back
 * is met.
 */
const transitions: Record<InvitationState, Partial<Record<InvitationAct, InvitationState>>> = {
  asked: {
    accept: 'accepted',
    decline: 'declined',
    cancel: 'cancelled',
    meet: 'accepted',
    expire: 'expired',
  },
  declined: { cancel: 'cancelled', meet: 'accepted' },
  accepted: {},
  cancelled: {},
  expired: {},
};

/** @returns null when nothing happens */
export function after(state: InvitationState, act: InvitationAct): InvitationState | null {
  return transitions[state][act] ?? null;
}

/** As it is kept. */
export interface KeptInvitation {
  readonly state: InvitationState;
  /** The receiver was never told and never is. */
  readonly silent: boolean;
  readonly expiresAt: number;
}

/**
 * The state as one of the two may see it: the asker cannot tell a declined invitation from one that rings and then expires,
 * nor either from one that reached nobody. Null: there is none.
 */
export function seenBy(
  invitation: KeptInvitation,
  viewer: 'asker' | 'receiver',
  now: number,
): InvitationState | null {
  const { state, silent, expiresAt } = invitation;
  if (viewer === 'receiver' && silent && state !== 'accepted') return null;
  const over = now >= expiresAt;
  if (state === 'asked') return over ? 'expired' : 'asked';
  if (state === 'declined' && viewer === 'asker') return over ? 'expired' : 'asked';
  return state;
}

/** Whether it still takes up one of the asker's places, and meets the receiver's own asking. */
export function isOpen(invitation: KeptInvitation, now: number): boolean {
  return seenBy(invitation, 'asker', now) === 'asked';
}

const minute = 60_000;
/** After each decline rings of that asker reach nobody for so long; the last one counts for all that follow. */
const backoffs = [minute, 5 * minute, 30 * minute, 24 * 60 * minute] as const;
/** Without a further decline it begins anew. */
export const backoffForgottenMs = 30 * 24 * 60 * minute;

/** @param declines in a row, this one included */
export function backoffMs(declines: number): number {
  return backoffs[Math.min(declines, backoffs.length) - 1] ?? minute;
}
