import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { InvitationState } from '../contract/index.ts';
import { after, backoffMs, type InvitationAct, invitationActs, isOpen, seenBy } from './invitation.ts';

const states: InvitationState[] = ['asked', 'accepted', 'declined', 'cancelled', 'expired'];
const runs = Number(process.env.EARSHOT_TEST_RUNS ?? 200);
const acts = fc.array(fc.constantFrom<InvitationAct>(...invitationActs), { maxLength: 12 });

/** The states that it goes through. */
function lifeOf(happened: readonly InvitationAct[]): InvitationState[] {
  const life: InvitationState[] = ['asked'];
  for (const act of happened) life.push(after(life.at(-1) ?? 'asked', act) ?? life.at(-1) ?? 'asked');
  return life;
}

describe('the life of an invitation', () => {
  test('is the table of transitions, and nothing else happens', () => {
    const table = states.map((state) => [state, invitationActs.flatMap((act) => after(state, act) ?? '-')]);
    expect(Object.fromEntries(table)).toEqual({
      //          accept      decline     cancel       meet        expire
      asked: ['accepted', 'declined', 'cancelled', 'accepted', 'expired'],
      declined: ['-', '-', 'cancelled', 'accepted', '-'],
      accepted: ['-', '-', '-', '-', '-'],
      cancelled: ['-', '-', '-', '-', '-'],
      expired: ['-', '-', '-', '-', '-'],
    });
  });

  test('an answer is final: two answers at once leave one result, whatever comes after', () => {
    fc.assert(
      fc.property(acts, acts, (before, more) => {
        const [end] = lifeOf(before).slice(-1);
        fc.pre(end === 'accepted' || end === 'cancelled' || end === 'expired');
        expect(lifeOf([...before, ...more]).at(-1)).toBe(end as InvitationState);
      }),
      { numRuns: runs },
    );
  });

  test('the receiver who has said no is in no conversation unless they ask themselves', () => {
    fc.assert(
      fc.property(acts, (happened) => {
        const life = lifeOf(happened);
        const declined = life.indexOf('declined');
        fc.pre(declined >= 0 && life.at(-1) === 'accepted');
        expect(happened.slice(declined)).toContain('meet');
      }),
      { numRuns: runs * 5 },
    );
  });

  test('to the asker every ring that is not accepted or cancelled looks the same at every moment', () => {
    fc.assert(
      fc.property(acts, fc.boolean(), fc.nat(120_000), (happened, silent, now) => {
        const state = lifeOf(happened.filter((act) => act === 'decline' || act === 'expire')).at(-1);
        const seen = seenBy({ state: state ?? 'asked', silent, expiresAt: 60_000 }, 'asker', now);
        fc.pre(!(state === 'expired' && now < 60_000)); // expiring is what the clock does
        expect(seen).toBe(now < 60_000 ? 'asked' : 'expired');
      }),
      { numRuns: runs },
    );
  });

  test('a silent one is nothing to the receiver, until they meet by themselves', () => {
    for (const state of states) {
      const seen = seenBy({ state, silent: true, expiresAt: 60_000 }, 'receiver', 0);
      expect(seen).toBe(state === 'accepted' ? 'accepted' : null);
    }
  });

  test('a declined one takes up a place of the asker until its time is over, as an unanswered one does', () => {
    for (const state of ['asked', 'declined'] as const) {
      expect(isOpen({ state, silent: false, expiresAt: 60_000 }, 59_999)).toBe(true);
      expect(isOpen({ state, silent: false, expiresAt: 60_000 }, 60_000)).toBe(false);
    }
  });

  test('the wait after declines grows to a day', () => {
    const minutes = [1, 2, 3, 4, 5, 100].map((declines) => backoffMs(declines) / 60_000);
    expect(minutes).toEqual([1, 5, 30, 1_440, 1_440, 1_440]);
  });
});
