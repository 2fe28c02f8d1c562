import type { Id } from '@earshot/chat/contract';
import { mayHaveHappened } from '../client/answer.ts';
import type { Pending } from '../client/env.ts';
import { withCursor } from './conversations.ts';
import type { Kernel } from './kernel.ts';
import { trimmed } from './timeline.ts';

/** The first is told at once, as the page may be left; several messages read in one go are told together. */
const gatherMs = 400;
const retryMs = 5_000;

/** How far I have read: here at once, at the server a moment later, where all my tabs and devices learn of it. */
export interface Reading {
  /** Everything up to `seq` is on the screen; counts only while somebody can see it. */
  read(id: Id, seq: number): void;
  stop(): void;
}

export function createReading(kernel: Kernel): Reading {
  const { env, api } = kernel;
  /** What is to be told, by conversation. */
  const untold = new Map<Id, number>();
  /** What was on the screen while nobody was there. */
  const unseen = new Map<Id, number>();
  const telling = new Set<Id>();
  let timer: Pending | null = null;
  let toldAt = 0;
  let stopped = false;

  function read(id: Id, seq: number): void {
    const cursor = kernel.conversation(id)?.conversation.me.cursor;
    if (cursor === undefined) return;
    if (!kernel.isLookedAt(id)) return void unseen.set(id, Math.max(seq, unseen.get(id) ?? 0));
    if (seq <= cursor) return;
    kernel.change(id, (state) => ({
      ...state,
      conversation: withCursor(state.conversation, seq, null),
      timeline: trimmed(state.timeline),
    }));
    untold.set(id, seq);
    tellIn(env.now() - toldAt > gatherMs ? 0 : gatherMs);
  }

  function tellIn(ms: number): void {
    if (timer !== null || stopped) return;
    timer = env.after(ms, () => {
      timer = null;
      for (const id of untold.keys()) tell(id);
    });
  }

  async function tell(id: Id): Promise<void> {
    const seq = untold.get(id);
    if (seq === undefined || telling.has(id)) return;
    untold.delete(id);
    telling.add(id);
    toldAt = env.now();
    const before = kernel.conversation(id)?.conversation.lastSeq;
    const { problem, value } = await api.call('PUT /conversations/:/cursor', { seq }, id);
    telling.delete(id);
    if (stopped) return;
    if (problem === null) {
      kernel.change(id, (state) => {
        // What came meanwhile may or may not be in the server's counts; `cursor` events say it in order.
        const said = state.conversation.lastSeq === before ? value : null;
        return { ...state, conversation: withCursor(state.conversation, value.cursor, said) };
      });
      if (untold.has(id)) tellIn(gatherMs);
    } else if (mayHaveHappened(problem) || problem.code === 'too_many_requests') {
      untold.set(id, Math.max(seq, untold.get(id) ?? 0));
      tellIn(Math.max(retryMs, (problem.retryAfterSeconds ?? 0) * 1_000));
    }
  }

  const stopHearing = env.page.on('seen', () => {
    const waiting = [...unseen];
    unseen.clear();
    for (const [id, seq] of waiting) read(id, seq);
  });

  return {
    read,
    stop() {
      stopped = true;
      timer?.cancel();
      stopHearing();
    },
  };
}
