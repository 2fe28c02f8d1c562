import { describe, expect, test } from 'bun:test';
import { ManualClock } from '@earshot/base';
import { type PresenceInfo, presenceOf } from '@earshot/chat/contract';
import type { ChannelListener, Wire } from '../tabs/wire.ts';
import { createLiveTyping } from './live-typing.ts';
import { createPresence } from './presence.ts';
import { ann, bob, conversation, idOf, message, room, settled, testKernel } from './store.testing.ts';
import { withPage } from './timeline.ts';

const cid = idOf('c');
const infoOf = (name: string): PresenceInfo => ({
  name,
  kind: 'user',
  verified: false,
  avatar: null,
  role: 'member',
});

function here(count = 2) {
  const clock = new ManualClock();
  const { kernel } = testKernel(() => ({ count: 1_200, capped: true }), clock);
  kernel.put(conversation());
  kernel.change(room, (state) => ({
    ...state,
    timeline: withPage(
      state.timeline,
      { messages: [message(1)], olderExists: false, newerExists: false },
      kernel.reader(),
    ),
  }));
  kernel.set({ layout: { ...kernel.state().layout, open: true } });
  let listener: ChannelListener | null = null;
  const sent: unknown[] = [];
  const wire: Wire = {
    hold(channel, held) {
      expect(channel).toBe(presenceOf(room));
      listener = held;
      return () => {
        listener = null;
      };
    },
    trigger: (_channel, _event, data) => sent.push(data),
    tryNow() {},
    leads: () => true,
    stop() {},
  };
  const presence = createPresence(kernel, wire, createLiveTyping(kernel, wire));
  presence.settle();
  const channel = () => listener as unknown as ChannelListener;
  const others = Array.from(
    { length: count - 2 },
    (_, index) => [`${idOf('x').slice(0, 18)}${index}AAA`, infoOf(`X${index}`)] as const,
  );
  channel().subscribed(new Map([[ann.id, infoOf('Ann')], [bob.id, infoOf('Bob')], ...others]));
  const state = () => kernel.conversation(room) as NonNullable<ReturnType<typeof kernel.conversation>>;
  const lines = () =>
    state().timeline.items.flatMap((item) =>
      item.type === 'presence'
        ? [`+${item.joined.map(({ name }) => name)} -${item.left.map(({ name }) => name)}`]
        : [],
    );
  return { clock, kernel, presence, channel, sent, state, lines, isHeard: () => listener !== null };
}

describe('who is here', () => {
  test('is known once the channel has answered, and follows who comes and goes', () => {
    const { state, channel } = here();
    expect(state().online.members.map(({ name }) => name)).toEqual(['Ann', 'Bob']);
    channel().joined?.(cid, { ...infoOf('Aaron'), role: 'moderator' });
    expect(state().online.members.map(({ name }) => name)).toEqual(['Aaron', 'Ann', 'Bob']);
    channel().left?.(bob.id);
    expect(state().online).toMatchObject({ known: true, count: 2 });
  });

  test('is a number only where the channel is full', async () => {
    const { state, channel } = here();
    channel().refused?.({ code: 'busy' });
    await settled();
    expect(state().online).toEqual({ known: true, members: [], count: 1_200 });
  });

  test('is heard as long as the conversation is open here', () => {
    const { kernel, presence, isHeard, state } = here();
    kernel.set({ layout: { ...kernel.state().layout, open: false } });
    presence.settle();
    expect(isHeard()).toBe(false);
    expect(state().online.known).toBe(false);
  });
});

describe('lines of who came and left', () => {
  test('a reload has none', () => {
    const { clock, channel, lines } = here();
    channel().left?.(bob.id);
    clock.advance(4_999);
    channel().joined?.(bob.id, infoOf('Bob'));
    clock.advance(60_000);
    expect(lines()).toEqual([]);
  });

  test('several share one; who came and went again has none', () => {
    const { clock, channel, lines } = here();
    channel().joined?.(cid, infoOf('Cid'));
    channel().joined?.(idOf('d'), infoOf('Dan'));
    clock.advance(2_000);
    expect(lines()).toEqual(['+Cid,Dan -']);
    channel().left?.(bob.id);
    clock.advance(7_000);
    expect(lines()).toEqual(['+Cid,Dan -Bob']);
  });

  test('a large room has none', () => {
    const { clock, channel, lines } = here(40);
    channel().joined?.(cid, infoOf('Cid'));
    clock.advance(10_000);
    expect(lines()).toEqual([]);
  });
});

describe('typing', () => {
  test('is shown until it expires, ends, or the person leaves; mine and that of the blocked is not', () => {
    const { clock, channel, state, kernel } = here();
    const types = (user: string | null, typing = true) => channel().event('client-typing', { typing }, user);
    types(bob.id);
    types(ann.id);
    types(null);
    types(cid);
    expect(state().typing.map(({ name }) => name)).toEqual(['Bob']);
    clock.advance(7_000);
    types(bob.id);
    clock.advance(7_000);
    expect(state().typing).toHaveLength(1);
    clock.advance(1_000);
    expect(state().typing).toEqual([]);
    types(bob.id);
    types(bob.id, false);
    expect(state().typing).toEqual([]);
    types(bob.id);
    channel().left?.(bob.id);
    expect(state().typing).toEqual([]);
    channel().joined?.(bob.id, infoOf('Bob'));
    kernel.changePeople((people) => ({ ...people, blocked: [bob] }));
    types(bob.id);
    expect(state().typing).toEqual([]);
  });

  test('is told at most every four seconds, and its end once', () => {
    const { clock, presence, sent } = here();
    presence.typing(room, true);
    presence.typing(room, true);
    clock.advance(3_999);
    presence.typing(room, true);
    expect(sent).toEqual([{ typing: true }]);
    clock.advance(1);
    presence.typing(room, true);
    presence.typing(room, false);
    presence.typing(room, false);
    expect(sent).toEqual([{ typing: true }, { typing: true }, { typing: false }]);
    presence.typing(room, true);
    presence.typingEnded(room);
    presence.typing(room, true);
    expect(sent).toHaveLength(5);
  });
});
