import { describe, expect, test } from 'bun:test';
import { onEachDatabase } from '../../../../tests/support/databases.ts';
import { type Id, inboxOf, limits } from '../contract/index.ts';
import { newId } from '../ids.ts';
import { openCrowd, type TestCrowd } from './testing.ts';

const second = 1_000;
const minute = 60 * second;

/** What an inbox heard of invitations: `asked`, `accepted`, … in order. */
function heard(crowd: TestCrowd, id: Id): string[] {
  return crowd.host.published
    .filter(({ event, channels }) => event.startsWith('one-to-one-chat-') && channels.includes(inboxOf(id)))
    .map(({ event, data }) => {
      const { state } = (data as { invitation: { state: string } }).invitation;
      return event === 'one-to-one-chat-request' ? `request ${state}` : state;
    });
}

async function ask(crowd: TestCrowd, from: Id, to: Id) {
  const asked = await crowd.invitations.ask(crowd.as(from), to);
  await crowd.settle();
  return asked;
}

async function ring(crowd: TestCrowd, from: Id, to: Id) {
  const { invitation } = await ask(crowd, from, to);
  if (invitation === null) throw new Error('expected an invitation');
  return invitation;
}

async function answer(crowd: TestCrowd, by: Id, act: 'accept' | 'decline' | 'cancel', id: Id) {
  const invitation = await crowd.invitations[act](crowd.as(by), id);
  await crowd.settle();
  return invitation;
}

const refusalOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: { code?: string }) => error.code ?? String(error),
  );

async function crowdOf(options: Parameters<typeof openCrowd>[0]) {
  const crowd = await openCrowd(options);
  const anna = crowd.add('Anna');
  const ben = crowd.add('Ben');
  await crowd.come(anna);
  await crowd.come(ben);
  return { crowd, anna, ben };
}

describe('invitations', () => {
  onEachDatabase((fresh) => {
    const start = async (settings: NonNullable<Parameters<typeof openCrowd>[0]>['settings'] = {}) =>
      crowdOf({ url: await fresh(), settings });

    test('a request goes to both inboxes in one event, which says who asks', async () => {
      const { crowd, anna, ben } = await start();
      await using _ = crowd;
      const asked = await ring(crowd, anna, ben);
      const requests = crowd.host.published.filter(({ event }) => event === 'one-to-one-chat-request');
      expect(requests).toHaveLength(1);
      expect(requests[0]?.channels).toEqual([inboxOf(anna), inboxOf(ben)]);
      expect(asked).toMatchObject({
        from: { id: anna, name: 'Anna', verified: true },
        to: { id: ben, name: 'Ben' },
        state: 'asked',
        conversation: null,
        expiresAt: crowd.clock.now() + limits.invitationSeconds * second,
      });
      expect(requests[0]?.data).toEqual({ invitation: asked });
      expect(await crowd.invitations.of(crowd.appId, ben)).toEqual([asked]);
    });

    test('accepting opens the conversation, makes both contacts, and closes the prompt in every tab', async () => {
      const { crowd, anna, ben } = await start();
      await using _ = crowd;
      const { id } = await ring(crowd, anna, ben);
      const accepted = await answer(crowd, ben, 'accept', id);
      const [conversation] = crowd.directs.opened;
      expect(accepted).toMatchObject({ state: 'accepted', conversation: conversation?.id });
      for (const [one, other] of [
        [anna, ben],
        [ben, anna],
      ] as const) {
        expect(heard(crowd, one)).toEqual(['request asked', 'accepted']);
        const [contact] = await crowd.contacts.of(crowd.appId, one);
        expect(contact).toMatchObject({
          person: { id: other },
          online: true,
          source: 'invitation',
          conversation: conversation?.id,
        });
        expect(crowd.host.eventsOn(inboxOf(one), 'contact_changed')).toEqual([
          { contact: contact as NonNullable<typeof contact> },
        ]);
      }
      expect(await crowd.invitations.of(crowd.appId, ben)).toEqual([]);
      await crowd.pass(minute);
      expect(heard(crowd, anna)).toEqual(['request asked', 'accepted']);
    });

    test('declining is told to the receiver’s tabs at once; the asker sees a ring that nobody answers', async () => {
      const { crowd, anna, ben } = await start();
      await using _ = crowd;
      const asked = await ring(crowd, anna, ben);
      expect(await answer(crowd, ben, 'decline', asked.id)).toMatchObject({ state: 'declined' });
      expect(heard(crowd, ben)).toEqual(['request asked', 'declined']);
      expect(heard(crowd, anna)).toEqual(['request asked']);
      expect(await crowd.invitations.of(crowd.appId, anna)).toEqual([asked]);
      expect(await crowd.invitations.of(crowd.appId, ben)).toEqual([]);
      await crowd.pass(minute);
      expect(heard(crowd, anna)).toEqual(['request asked', 'expired']);
      expect(heard(crowd, ben)).toEqual(['request asked', 'declined']);
      expect(await crowd.invitations.of(crowd.appId, anna)).toEqual([]);
      expect(
        crowd.host.published.some(({ channels, data }) => {
          return channels.includes(inboxOf(anna)) && JSON.stringify(data).includes('declined');
        }),
      ).toBe(false);
    });

    test('one that nobody answers expires after a minute, for both, once, whichever node looks', async () => {
      const url = await fresh();
      const { crowd, anna, ben } = await crowdOf({ url });
      await using _ = crowd;
      await using other = await openCrowd({ url, beside: crowd });
      const { id } = await ring(crowd, anna, ben);
      await crowd.pass(minute - 1);
      expect(heard(crowd, anna)).toEqual(['request asked']);
      crowd.clock.advance(1);
      await Promise.all([crowd.settle(), other.settle()]);
      for (const one of [anna, ben]) expect(heard(crowd, one)).toEqual(['request asked', 'expired']);
      expect(await answer(crowd, ben, 'accept', id)).toMatchObject({ state: 'expired', conversation: null });
      expect(crowd.directs.opened).toEqual([]);
    });

    test('an answer that comes when the time is over, and the timer is late, changes nothing', async () => {
      const { crowd, anna, ben } = await start();
      await using _ = crowd;
      const { id } = await ring(crowd, anna, ben);
      crowd.clock.advance(minute);
      expect((await crowd.invitations.accept(crowd.as(ben), id)).state).toBe('expired');
      await crowd.settle();
      for (const one of [anna, ben]) expect(heard(crowd, one)).toEqual(['request asked', 'expired']);
    });

    test('the asker may cancel, which closes the receiver’s prompts', async () => {
      const { crowd, anna, ben } = await start();
      await using _ = crowd;
      const { id } = await ring(crowd, anna, ben);
      expect(await answer(crowd, anna, 'cancel', id)).toMatchObject({ state: 'cancelled' });
      for (const one of [anna, ben]) expect(heard(crowd, one)).toEqual(['request asked', 'cancelled']);
      expect(await answer(crowd, ben, 'accept', id)).toMatchObject({ state: 'cancelled' });
      await crowd.pass(minute);
      for (const one of [anna, ben]) expect(heard(crowd, one)).toEqual(['request asked', 'cancelled']);
    });

    test('the asker may cancel one that was declined, without learning that, and the receiver is not told', async () => {
      const { crowd, anna, ben } = await start();
      await using _ = crowd;
      const { id } = await ring(crowd, anna, ben);
      await answer(crowd, ben, 'decline', id);
      expect(await answer(crowd, anna, 'cancel', id)).toMatchObject({ state: 'cancelled' });
      expect(heard(crowd, anna)).toEqual(['request asked', 'cancelled']);
      expect(heard(crowd, ben)).toEqual(['request asked', 'declined']);
    });

    test('nobody answers for another one, or learns of their invitations', async () => {
      const { crowd, anna, ben } = await start();
      await using _ = crowd;
      const carla = crowd.add('Carla');
      const { id } = await ring(crowd, anna, ben);
      expect(await refusalOf(answer(crowd, carla, 'accept', id))).toBe('not_found');
      expect(await refusalOf(answer(crowd, carla, 'cancel', id))).toBe('not_found');
      expect(await refusalOf(answer(crowd, anna, 'accept', id))).toBe('not_found');
      expect(await refusalOf(answer(crowd, anna, 'decline', id))).toBe('not_found');
      expect(await refusalOf(answer(crowd, ben, 'cancel', id))).toBe('not_found');
      expect(await refusalOf(answer(crowd, ben, 'accept', newId()))).toBe('not_found');
      expect(await crowd.invitations.of(crowd.appId, carla)).toEqual([]);
    });

    test('both ask: the second asking is the answer to the first', async () => {
      const { crowd, anna, ben } = await start();
      await using _ = crowd;
      await ring(crowd, anna, ben);
      const { invitation, conversation } = await ask(crowd, ben, anna);
      expect(invitation).toMatchObject({ state: 'accepted', from: { id: anna } });
      expect(conversation?.id).toBe(crowd.directs.opened[0]?.id as Id);
      for (const one of [anna, ben]) expect(heard(crowd, one)).toEqual(['request asked', 'accepted']);
    });

    test('both ask at the same moment, on two nodes: they meet, once', async () => {
      const url = await fresh();
      const { crowd, anna, ben } = await crowdOf({ url });
      await using _ = crowd;
      await using other = await openCrowd({ url, beside: crowd });
      await Promise.all([
        crowd.invitations.ask(crowd.as(anna), ben),
        other.invitations.ask(other.as(ben), anna),
      ]);
      await Promise.all([crowd.settle(), other.settle()]);
      expect(crowd.directs.opened).toHaveLength(1);
      for (const one of [anna, ben]) expect(heard(crowd, one)).toEqual(['request asked', 'accepted']);
      expect([...crowd.chat.problems, ...other.chat.problems]).toEqual([]);
    });

    test('two answers at once: one wins and the other is told the result, on two nodes', async () => {
      const url = await fresh();
      const { crowd, anna, ben } = await crowdOf({ url });
      await using _ = crowd;
      await using other = await openCrowd({ url, beside: crowd });
      const { id } = await ring(crowd, anna, ben);
      const answers = await Promise.all([
        crowd.invitations.accept(crowd.as(ben), id),
        other.invitations.decline(other.as(ben), id),
        other.invitations.accept(other.as(ben), id),
      ]);
      await Promise.all([crowd.settle(), other.settle()]);
      const states = new Set(answers.map(({ state }) => state));
      expect(states.size).toBe(1);
      expect(['accepted', 'declined']).toContain([...states][0] ?? '');
      expect(crowd.directs.opened).toHaveLength(states.has('accepted') ? 1 : 0);
      expect(heard(crowd, ben)).toHaveLength(2);
    });

    test('asking twice is asking once, in any tab and at once', async () => {
      const { crowd, anna, ben } = await start();
      await using _ = crowd;
      const asked = await Promise.all([1, 2, 3].map(() => crowd.invitations.ask(crowd.as(anna), ben)));
      await crowd.settle();
      expect(new Set(asked.map(({ invitation }) => invitation?.id)).size).toBe(1);
      expect(heard(crowd, ben)).toEqual(['request asked']);
    });

    test('nobody has more than three open, the declined and the unheard ones counted', async () => {
      const { crowd, anna, ben } = await start();
      await using _ = crowd;
      const others = [1, 2, 3, 4].map((number) => crowd.add(`Other ${number}`));
      await answer(crowd, ben, 'decline', (await ring(crowd, anna, ben)).id);
      await ring(crowd, anna, others[0] as Id);
      await crowd.blocks.block(crowd.as(others[1] as Id), anna);
      const third = await ring(crowd, anna, others[1] as Id);
      expect(await refusalOf(ask(crowd, anna, others[2] as Id))).toBe('busy');
      await answer(crowd, anna, 'cancel', third.id);
      await ring(crowd, anna, others[2] as Id);
      expect(await refusalOf(ask(crowd, anna, others[3] as Id))).toBe('busy');
      await crowd.pass(minute);
      await ring(crowd, anna, others[3] as Id);
    });

    test('after a decline rings of that asker reach nobody for a minute, then five, then thirty, then a day', async () => {
      const { crowd, anna, ben } = await start();
      await using _ = crowd;
      for (const wait of [1, 5, 30, 24 * 60, 24 * 60]) {
        crowd.host.published.length = 0;
        const { id } = await ring(crowd, anna, ben);
        expect(heard(crowd, ben)).toEqual(['request asked']);
        await answer(crowd, ben, 'decline', id);
        await crowd.pass(minute); // the asker is told that it expired
        if (wait > 1) {
          await crowd.pass((wait - 2) * minute);
          crowd.host.published.length = 0;
          await ring(crowd, anna, ben);
          await crowd.pass(minute);
          expect(heard(crowd, ben)).toEqual([]);
          expect(heard(crowd, anna)).toEqual(['request asked', 'expired']);
        }
      }
    });

    test('whoever declined and then asks meets the asker, though their rings reached nobody', async () => {
      const { crowd, anna, ben } = await start();
      await using _ = crowd;
      await answer(crowd, ben, 'decline', (await ring(crowd, anna, ben)).id);
      await crowd.pass(minute - second);
      expect((await ask(crowd, ben, anna)).invitation?.state).toBe('accepted');
      expect(heard(crowd, ben).at(-1)).toBe('accepted');
      await crowd.contacts.remove(crowd.as(anna), ben);
      crowd.directs.opened.length = 0;
      crowd.host.published.length = 0;
      await crowd.pass(minute);
      await ring(crowd, anna, ben); // nothing is left of the decline
      expect(heard(crowd, ben)).toEqual(['request asked']);
    });

    test('asking and cancelling over and over makes nobody’s tabs flash', async () => {
      const { crowd, anna, ben } = await start();
      await using _ = crowd;
      for (let times = 0; times < 6; times++) {
        await answer(crowd, anna, 'cancel', (await ring(crowd, anna, ben)).id);
      }
      expect(await refusalOf(ask(crowd, anna, ben))).toBe('too_many_requests');
      await crowd.pass(10 * minute);
      await ring(crowd, anna, ben);
    });

    test('blocked, erased, unknown, declining and away: the same answer, the same end, nothing told to others', async () => {
      const { crowd, anna, ben } = await start();
      await using _ = crowd;
      const erased = crowd.add('', { deleted: true });
      const away = crowd.add('Away');
      await crowd.blocks.block(crowd.as(ben), anna);
      await crowd.settle();
      const seen: unknown[] = [];
      for (const to of [ben, erased, newId(), away]) {
        crowd.host.published.length = 0;
        const { invitation, conversation } = await ask(crowd, anna, to);
        const open = await crowd.invitations.of(crowd.appId, anna);
        const again = await ask(crowd, anna, to);
        expect(again.invitation?.id).toBe(invitation?.id as Id);
        await crowd.pass(minute);
        const told = heard(crowd, anna);
        if (to !== away) {
          expect(crowd.host.published.every(({ channels }) => `${channels}` === inboxOf(anna))).toBe(true);
          expect(await crowd.invitations.of(crowd.appId, to)).toEqual([]);
        }
        const { id, to: _to, at, expiresAt, ...rest } = invitation ?? ({} as never);
        const late = await crowd.invitations.cancel(crowd.as(anna), id);
        seen.push({ rest, lasts: expiresAt - at, conversation, open: open.length, told, late: late.state });
      }
      for (const one of seen) expect(one).toEqual(seen[3]);
      expect(seen[0]).toMatchObject({ told: ['request asked', 'expired'], lasts: minute, late: 'expired' });
      expect(crowd.attention.invitations.map(({ to }) => to.id)).toEqual([away]);
    });

    test('one that was never told cannot be answered', async () => {
      const { crowd, anna, ben } = await start();
      await using _ = crowd;
      await crowd.blocks.block(crowd.as(ben), anna);
      const { id } = await ring(crowd, anna, ben);
      expect(await refusalOf(answer(crowd, ben, 'accept', id))).toBe('not_found');
      expect(await refusalOf(answer(crowd, ben, 'decline', id))).toBe('not_found');
    });

    test('a receiver who is not connected is reached elsewhere; one who is invisible is not', async () => {
      const { crowd, anna, ben } = await start();
      await using _ = crowd;
      crowd.people.change(ben, { invisible: true });
      await crowd.presence.invisibleChanged(crowd.appId, ben);
      await ring(crowd, anna, ben);
      expect(crowd.attention.invitations).toEqual([]);
      const away = crowd.add('Away');
      const asked = await ring(crowd, anna, away);
      expect(crowd.attention.invitations).toEqual([asked]);
    });

    test('a conversation that is there and can be written to is opened again at once', async () => {
      const { crowd, anna, ben } = await start();
      await using _ = crowd;
      await answer(crowd, ben, 'accept', (await ring(crowd, anna, ben)).id);
      crowd.host.published.length = 0;
      const { invitation, conversation } = await ask(crowd, anna, ben);
      expect(invitation).toBeNull();
      expect(conversation?.id).toBe(crowd.directs.opened[0]?.id as Id);
      await crowd.blocks.block(crowd.as(ben), anna);
      expect(await ask(crowd, anna, ben)).toMatchObject({
        invitation: { state: 'asked' },
        conversation: null,
      });
      expect(await refusalOf(ask(crowd, ben, anna))).toBe('conflict');
    });

    test('nobody can talk to themselves or to what is no id', async () => {
      const { crowd, anna } = await start();
      await using _ = crowd;
      expect(await refusalOf(ask(crowd, anna, anna))).toBe('bad_request');
      expect(await refusalOf(ask(crowd, anna, 'ben'))).toBe('bad_request');
    });

    test('a crash between the answer and telling it loses nothing', async () => {
      const { crowd, anna, ben } = await start();
      await using _ = crowd;
      const { id } = await ring(crowd, anna, ben);
      crowd.host.failing = true;
      await crowd.invitations.accept(crowd.as(ben), id);
      await crowd.settle();
      expect(heard(crowd, anna)).toEqual(['request asked']);
      crowd.host.failing = false;
      await crowd.pass(minute);
      expect(heard(crowd, anna)).toEqual(['request asked', 'accepted']);
    });

    test('rows of invitations that are long over are deleted', async () => {
      const { crowd, anna, ben } = await start();
      await using _ = crowd;
      await ring(crowd, anna, ben);
      await crowd.pass(25 * 60 * minute);
      await crowd.invitations.forget(crowd.appId);
      expect(await crowd.chat.core.db.selectFrom('chat_invitations').selectAll().execute()).toEqual([]);
    });

    describe('by the policy of the app', () => {
      test('nobody: it is refused, whoever it is', async () => {
        const { crowd, anna, ben } = await start({ chatDirect: 'nobody' });
        await using _ = crowd;
        await crowd.befriend(anna, ben);
        expect(await refusalOf(ask(crowd, anna, ben))).toBe('not_reachable');
        expect(await refusalOf(ask(crowd, anna, newId()))).toBe('not_reachable');
        expect(await crowd.reach.mayWrite(crowd.appId, anna, ben)).toBe(false);
      });

      test('contacts: they open at once; following somebody does not make one their contact', async () => {
        const { crowd, anna, ben } = await start({ chatDirect: 'contacts' });
        await using _ = crowd;
        expect(await refusalOf(ask(crowd, anna, ben))).toBe('not_reachable');
        await crowd.list(anna, 'provider', [ben]);
        expect(await ask(crowd, anna, ben)).toMatchObject({
          invitation: { state: 'asked' },
          conversation: null,
        });
        expect(heard(crowd, ben)).toEqual([]);
        expect(await refusalOf(ask(crowd, ben, anna))).toBe('not_reachable');
        await crowd.pass(minute);
        await crowd.list(ben, 'provider', [anna]);
        const { invitation, conversation } = await ask(crowd, anna, ben);
        expect(invitation).toBeNull();
        expect(conversation).not.toBeNull();
      });

      test('ask: everybody has to, unless mutual contacts need not', async () => {
        const { crowd, anna, ben } = await start({ chatDirect: 'ask' });
        await using _ = crowd;
        await crowd.list(anna, 'host', [ben]);
        await crowd.list(ben, 'host', [anna]);
        const { id } = await ring(crowd, anna, ben);
        await answer(crowd, anna, 'cancel', id);
        crowd.chat.configure({ chatAutoAccept: true });
        expect((await ask(crowd, anna, ben)).conversation).not.toBeNull();
      });

      test('ask, with mutual contacts let through: being followed is not mutual', async () => {
        const { crowd, anna, ben } = await start({ chatDirect: 'ask', chatAutoAccept: true });
        await using _ = crowd;
        await crowd.list(anna, 'provider', [ben]);
        expect((await ask(crowd, anna, ben)).invitation?.state).toBe('asked');
        expect(crowd.directs.opened).toEqual([]);
      });

      test('open: everybody opens at once, and it makes nobody anybody’s contact', async () => {
        const { crowd, anna, ben } = await start({ chatDirect: 'open' });
        await using _ = crowd;
        const { invitation, conversation } = await ask(crowd, anna, ben);
        expect(invitation).toBeNull();
        expect(conversation?.id).toBe(crowd.directs.opened[0]?.id as Id);
        expect(await crowd.contacts.of(crowd.appId, ben)).toEqual([]);
        const carla = crowd.add('Carla');
        await crowd.blocks.block(crowd.as(carla), anna);
        expect((await ask(crowd, anna, carla)).invitation?.state).toBe('asked');
      });
    });
  });
});
