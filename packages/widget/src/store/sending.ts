import type { Id, Message } from '@earshot/chat/contract';
import { mayHaveHappened } from '../client/answer.ts';
import type { Pending } from '../client/env.ts';
import type { Kernel } from './kernel.ts';
import type { PendingMessage } from './state.ts';
import { withoutPending, withPending, withPendingChanged } from './timeline.ts';

const longestWaitSeconds = 30;

/** Sends messages: each conversation's one after the other, each until it is known to be stored or refused. */
export interface Sending {
  send(conversation: Id, message: PendingMessage): void;
  /** A failed one again, under the same id. */
  retry(conversation: Id, id: string): void;
  discard(conversation: Id, id: string): void;
  /** It is stored, by whatever way that became known. */
  confirmed(conversation: Id, id: string): void;
  /** Tries at once what waits for its next try. */
  now(): void;
  stop(): void;
}

interface Queue {
  readonly waiting: PendingMessage[];
  /** The id of what is under way. */
  busy: string | null;
  tries: number;
  pause: Pending | null;
}

export function createSending(kernel: Kernel, arrived: (message: Message) => void): Sending {
  const { env, api } = kernel;
  const queues = new Map<Id, Queue>();
  const failures = new Map<string, PendingMessage>();
  let stopped = false;

  function queueOf(id: Id): Queue {
    let queue = queues.get(id);
    if (queue === undefined) {
      queue = { waiting: [], busy: null, tries: 0, pause: null };
      queues.set(id, queue);
    }
    return queue;
  }

  function mark(
    conversation: Id,
    id: string,
    change: Partial<Pick<PendingMessage, 'state' | 'problem'>>,
  ): void {
    kernel.change(conversation, (state) => ({
      ...state,
      timeline: withPendingChanged(state.timeline, id, change),
    }));
  }

  async function pump(conversation: Id): Promise<void> {
    const queue = queueOf(conversation);
    const [message] = queue.waiting;
    if (stopped || message === undefined || queue.busy !== null || queue.pause !== null) return;
    const { id, text, kind, replyTo } = message;
    queue.busy = id;
    const attachments = message.attachments.flatMap(({ attachment }) => attachment?.id ?? []);
    const body = {
      id,
      text,
      kind,
      ...(replyTo === null ? {} : { replyTo: replyTo.seq }),
      ...(attachments.length === 0 ? {} : { attachments }),
    };
    const { problem, value } = await api.call('POST /conversations/:/messages', body, conversation);
    if (stopped) return;
    queue.busy = null;
    if (problem === null) {
      queue.tries = 0;
      remove(queue, id);
      arrived(value.message);
    } else if (queue.waiting[0] === message) {
      if (mayHaveHappened(problem) || problem.code === 'too_many_requests') {
        if (problem.code !== 'too_many_requests') mark(conversation, id, { state: 'unsure' });
        const backOff = Math.min(2 ** queue.tries++, longestWaitSeconds);
        const seconds = Math.max(problem.retryAfterSeconds ?? 0, backOff);
        queue.pause = env.after(seconds * 1_000 * (0.75 + env.random() / 2), () => {
          queue.pause = null;
          pump(conversation);
        });
        return;
      }
      remove(queue, id);
      failures.set(id, message);
      mark(conversation, id, { state: 'failed', problem });
    }
    pump(conversation);
  }

  function remove(queue: Queue, id: string): void {
    const at = queue.waiting.findIndex((message) => message.id === id);
    if (at !== -1) queue.waiting.splice(at, 1);
  }

  return {
    send(conversation, message) {
      kernel.change(conversation, (state) => ({ ...state, timeline: withPending(state.timeline, message) }));
      queueOf(conversation).waiting.push(message);
      pump(conversation);
    },
    retry(conversation, id) {
      const message = failures.get(id);
      const queue = queueOf(conversation);
      if (message !== undefined) {
        failures.delete(id);
        mark(conversation, id, { state: 'sending', problem: null });
        queue.waiting.push(message);
      }
      queue.pause?.cancel();
      queue.pause = null;
      pump(conversation);
    },
    discard(conversation, id) {
      failures.delete(id);
      remove(queueOf(conversation), id);
      kernel.change(conversation, (state) => ({ ...state, timeline: withoutPending(state.timeline, id) }));
    },
    confirmed(conversation, id) {
      const queue = queues.get(conversation);
      failures.delete(id);
      if (queue === undefined || !queue.waiting.some((message) => message.id === id)) return;
      remove(queue, id);
      queue.pause?.cancel();
      queue.pause = null;
      queue.tries = 0;
      pump(conversation);
    },
    now() {
      for (const [conversation, queue] of queues) {
        queue.pause?.cancel();
        queue.pause = null;
        pump(conversation);
      }
    },
    stop() {
      stopped = true;
      for (const { pause } of queues.values()) pause?.cancel();
    },
  };
}
