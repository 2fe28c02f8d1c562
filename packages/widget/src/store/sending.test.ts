import { describe, expect, test } from 'bun:test';
import { ManualClock } from '@earshot/base';
import type { Message } from '@earshot/chat/contract';
import { failed } from '../client/answer.ts';
import { createSending } from './sending.ts';
import type { PendingMessage, Problem } from './state.ts';
import { ann, conversation, message, room, settled, testKernel } from './store.testing.ts';
import { withMessage } from './timeline.ts';

const pending = (id: string): PendingMessage => ({
  id,
  text: id,
  kind: 'text',
  replyTo: null,
  attachments: [],
  at: 1,
  state: 'sending',
  problem: null,
});

function sender() {
  const clock = new ManualClock();
  const asked: string[] = [];
  /** What the next requests meet, first to last; nothing: they are stored. */
  const fates: Problem[] = [];
  const stored = new Map<string, Message>();
  const { kernel } = testKernel((_route, [body]) => {
    const { id } = body as { id: string };
    asked.push(id);
    const fate = fates.shift();
    // An answer may be lost although the message was stored.
    if (fate === undefined || fate.code === 'network') {
      stored.set(id, stored.get(id) ?? message(stored.size + 1, { id, author: ann }));
    }
    return fate === undefined ? { message: stored.get(id) } : failed(fate);
  }, clock);
  kernel.put(conversation());
  kernel.change(room, (state) => ({ ...state, timeline: { ...state.timeline, older: 'end' } }));
  const sending = createSending(kernel, (one) => {
    sending.confirmed(room, one.id);
    kernel.change(room, (state) => ({
      ...state,
      timeline: withMessage(state.timeline, one, kernel.reader()),
    }));
  });
  const items = () =>
    (kernel.conversation(room)?.timeline.items ?? []).map((item) =>
      item.type === 'pending' ? `${item.key} ${item.pending.state}` : item.key,
    );
  return { clock, asked, fates, stored, sending, items };
}

describe('sending', () => {
  test('goes one after the other, and shows what is on its way', async () => {
    const { sending, asked, items } = sender();
    for (const id of ['a', 'b', 'c']) sending.send(room, pending(id));
    expect(asked).toEqual(['a']);
    expect(items()).toEqual(['a sending', 'b sending', 'c sending']);
    await settled();
    expect(asked).toEqual(['a', 'b', 'c']);
    expect(items()).toEqual(['a', 'b', 'c']);
  });

  test('a lost answer is unsure, holds the later ones back, and is tried again under the same id', async () => {
    const { sending, asked, fates, items, clock, stored } = sender();
    fates.push({ code: 'network' }, { code: 'unavailable' });
    for (const id of ['a', 'b']) sending.send(room, pending(id));
    await settled();
    expect(items()).toEqual(['a unsure', 'b sending']);
    clock.advance(1_300);
    await settled();
    expect(items()).toEqual(['a unsure', 'b sending']);
    clock.advance(2_600);
    await settled();
    expect(asked).toEqual(['a', 'a', 'a', 'b']);
    expect([...stored.keys()]).toEqual(['a', 'b']);
    expect(items()).toEqual(['a', 'b']);
  });

  test('an echo that comes first ends the doubt', async () => {
    const { sending, fates, items, asked } = sender();
    fates.push({ code: 'network' });
    sending.send(room, pending('a'));
    await settled();
    sending.confirmed(room, 'a');
    sending.send(room, pending('b'));
    await settled();
    expect(asked).toEqual(['a', 'b']);
    expect(items()).toContain('b');
  });

  test('a refusal fails with its reason, the next one goes on, and it can be tried again or put away', async () => {
    const { sending, fates, items } = sender();
    fates.push({ code: 'muted' });
    for (const id of ['a', 'b']) sending.send(room, pending(id));
    await settled();
    expect(items()).toEqual(['b', 'a failed']);
    fates.push({ code: 'muted' });
    sending.retry(room, 'a');
    expect(items()).toEqual(['b', 'a sending']);
    await settled();
    expect(items()).toEqual(['b', 'a failed']);
    sending.discard(room, 'a');
    expect(items()).toEqual(['b']);
  });

  test('too much at once waits as long as the server says', async () => {
    const { sending, fates, items, clock, asked } = sender();
    fates.push({ code: 'too_many_requests', retryAfterSeconds: 20 });
    sending.send(room, pending('a'));
    await settled();
    expect(items()).toEqual(['a sending']);
    clock.advance(14_000);
    await settled();
    expect(asked).toHaveLength(1);
    clock.advance(12_000);
    await settled();
    expect(items()).toEqual(['a']);
  });

  test('a connection that is back tries at once', async () => {
    const { sending, fates, items } = sender();
    fates.push({ code: 'network' });
    sending.send(room, pending('a'));
    await settled();
    sending.now();
    await settled();
    expect(items()).toEqual(['a']);
  });
});
