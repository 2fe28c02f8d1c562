import { type Id, presenceOf } from '@earshot/chat/contract';
import type { DirectLive } from '../live/direct.ts';
import type { Wire } from '../tabs/wire.ts';
import type { Kernel } from './kernel.ts';

/** Live typing in conversations of two: nothing of it is loaded before one of the two asks for it. */
export interface LiveTyping {
  /** Asks the other one, or says yes. */
  start(id: Id): void;
  /** Says no, or ends it. */
  end(id: Id): void;
  /** Something of it came on the conversation's channel. */
  heard(id: Id, name: string, data: unknown, sender: Id): void;
  /** Somebody has come to the conversation or has left it. */
  present(id: Id, user: Id, isPresent: boolean): void;
  /** The channel was subscribed anew. */
  resubscribed(id: Id): void;
  /** Drafts may have changed. */
  settle(): void;
  /** The conversation is not open here any more. */
  closed(id: Id): void;
  stop(): void;
}

export function createLiveTyping(kernel: Kernel, wire: Wire): LiveTyping {
  const talks = new Map<Id, DirectLive>();
  const typed = new Map<Id, string>();
  let core: Promise<typeof import('../live/direct.ts')> | null = null;

  async function talk(id: Id): Promise<DirectLive | null> {
    core ??= import('../live/direct.ts');
    let loaded: typeof import('../live/direct.ts');
    try {
      loaded = await core;
    } catch {
      core = null; // the next click tries again
      kernel.problem({ code: 'network' });
      return null;
    }
    const known = talks.get(id);
    if (known !== undefined || !isOpen(id)) return known ?? null;
    const made = loaded.createDirectLive(kernel.env, (...[event, data]) =>
      wire.trigger(presenceOf(id), event, data),
    );
    made.subscribe(() => kernel.change(id, (state) => ({ ...state, live: made.state() })));
    talks.set(id, made);
    settle();
    return made;
  }

  const isOpen = (id: Id) => kernel.state().layout.panels.some(({ conversation }) => conversation === id);
  /** The one with whom it can be done, in a conversation of two. */
  const otherOf = (id: Id) => kernel.conversation(id)?.conversation.with?.id;

  /** What is being edited has been said already, and is not typed anew. */
  function settle(): void {
    for (const [id, live] of talks) {
      const draft = kernel.conversation(id)?.draft;
      const text = draft === undefined || draft.editing !== null ? '' : draft.text;
      if (typed.get(id) === text) continue;
      typed.set(id, text);
      live.type(text, false);
    }
  }

  function closed(id: Id): void {
    talks.get(id)?.end();
    talks.get(id)?.stop();
    talks.delete(id);
    typed.delete(id);
    kernel.change(id, ({ live: _, ...state }) => state);
  }

  return {
    start: (id) => void talk(id).then((live) => live?.start()),
    end: (id) => talks.get(id)?.end(),
    heard(id, name, data, sender) {
      if (sender !== otherOf(id) || kernel.reader().blocked.has(sender)) return;
      const live = talks.get(id);
      if (live !== undefined) live.received(name, data);
      else if (name === 'client-live-ask') void talk(id).then((made) => made?.received(name, data));
    },
    present(id, user, isPresent) {
      if (user === otherOf(id)) talks.get(id)?.present(isPresent);
    },
    resubscribed: (id) => talks.get(id)?.resubscribed(),
    settle,
    closed,
    stop() {
      for (const live of talks.values()) live.stop();
      talks.clear();
    },
  };
}
