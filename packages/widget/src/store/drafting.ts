import { type Id, limits, type Message } from '@earshot/chat/contract';
import { uuid } from '../client/env.ts';
import { type CommandName, parseTyped } from './commands.ts';
import type { Kernel } from './kernel.ts';
import type { Presence } from './presence.ts';
import type { Sending } from './sending.ts';
import type { CommandNote, ConversationState, Draft, Problem } from './state.ts';
import { withNote } from './timeline.ts';

/** What somebody writes until it is sent: text, reply, edit. */
export interface Drafting {
  setText(id: Id, text: string): void;
  send(id: Id): void;
  startReply(id: Id, message: Message): void;
  startEdit(id: Id, message: Message): void;
  stopReplyOrEdit(id: Id): void;
}

export function createDrafting(
  kernel: Kernel,
  parts: {
    readonly sending: Sending;
    readonly presence: Presence;
    /** Carries out a command of the draft. */
    readonly run: (id: Id, name: CommandName, rest: string) => void;
    readonly arrived: (message: Message) => void;
  },
): Drafting {
  const { env, api } = kernel;
  const { sending, presence } = parts;

  function setDraft(id: Id, change: Partial<Draft>): void {
    kernel.change(id, (state) => ({ ...state, draft: { ...state.draft, ...change } }));
  }

  function note(id: Id, what: CommandNote): void {
    kernel.change(id, (state) => ({
      ...state,
      timeline: withNote(state.timeline, uuid(env), what, env.now()),
    }));
  }

  function send(id: Id): void {
    const state = kernel.conversation(id);
    if (state === undefined || state.draft.files.some(({ state: phase }) => phase === 'uploading')) return;
    const { draft } = state;
    if (draft.editing !== null) return void saveEdit(id, draft.editing, draft.text.trim());
    const typed = parseTyped(draft.text);
    if (typed.type === 'unknown') {
      note(id, { kind: 'unknown-command', command: typed.command });
      return;
    }
    if (typed.type === 'command') {
      parts.run(id, typed.name, typed.rest);
      return;
    }
    const files = draft.files.filter(({ state: phase }) => phase === 'ready');
    if (typed.text === '' && files.length === 0) return;
    const problem = tooLong(typed.text) ?? notNow(state);
    if (problem !== null) {
      setDraft(id, { problem });
      return;
    }
    const message = {
      id: uuid(env),
      text: typed.text,
      kind: typed.type,
      replyTo: draft.replyTo,
      attachments: files,
      at: env.now(),
      state: 'sending',
      problem: null,
    } as const;
    setDraft(id, { text: '', replyTo: null, files: [], problem: null });
    sending.send(id, message);
    presence.typingEnded(id);
  }

  async function saveEdit(id: Id, message: Message, text: string): Promise<void> {
    if (text === '' || text === message.text) return setDraft(id, { text: '', editing: null, problem: null });
    const problem = tooLong(text);
    if (problem !== null) return setDraft(id, { problem });
    const answer = await api.call('PATCH /conversations/:/messages/:', { text }, id, message.seq);
    const isStill = kernel.conversation(id)?.draft.editing?.seq === message.seq;
    if (answer.problem === null) {
      parts.arrived(answer.value.message);
      if (isStill) setDraft(id, { text: '', editing: null, problem: null });
    } else if (isStill) setDraft(id, { problem: answer.problem });
  }

  /** What the server would refuse; said before, so that the text stays. */
  function notNow({ conversation, timeline }: ConversationState): Problem | null {
    const { mutedUntil, role } = conversation.me;
    const now = env.now();
    if (!conversation.writable) return { code: 'not_reachable' };
    if (mutedUntil !== null && mutedUntil > now) {
      return { code: 'muted', retryAfterSeconds: Math.ceil((mutedUntil - now) / 1_000) };
    }
    if (role !== 'member') return null;
    if (conversation.locked) return { code: 'locked' };
    if (conversation.slowSeconds === 0) return null;
    const me = kernel.me()?.id;
    const last = timeline.items.reduce((latest, item) => {
      if (item.type === 'pending' && item.pending.state !== 'failed')
        return Math.max(latest, item.pending.at);
      return item.type === 'message' && item.message.author.id === me
        ? Math.max(latest, item.message.at)
        : latest;
    }, 0);
    const left = last + conversation.slowSeconds * 1_000 - now;
    return left > 0 ? { code: 'slow_mode', retryAfterSeconds: Math.ceil(left / 1_000) } : null;
  }

  return {
    setText(id, text) {
      setDraft(id, { text, problem: null });
      const draft = kernel.conversation(id)?.draft;
      const isText = text.trim() !== '' && (!text.startsWith('/') || text.startsWith('//'));
      if (draft?.editing === null) presence.typing(id, isText);
    },
    send,
    startReply: (id, message) => setDraft(id, { replyTo: message, editing: null }),
    startEdit: (id, message) =>
      setDraft(id, { editing: message, replyTo: null, text: message.text, problem: null }),
    stopReplyOrEdit(id) {
      const wasEditing = kernel.conversation(id)?.draft.editing !== null;
      setDraft(id, { replyTo: null, editing: null, problem: null, ...(wasEditing ? { text: '' } : {}) });
    },
  };
}

function tooLong(text: string): Problem | null {
  const characters = [...text].length;
  const bytes = new TextEncoder().encode(text).length;
  if (characters <= limits.textCharacters && bytes <= limits.textBytes) return null;
  return { code: 'too_long', detail: `${Math.max(characters - limits.textCharacters, 1)}` };
}
