import { type Id, limits, type Message, type Person } from '@earshot/chat/contract';
import type { Answer } from '../client/answer.ts';
import { uuid } from '../client/env.ts';
import { type CommandName, parseTyped, personIn, usages } from './commands.ts';
import { mentionsIn } from './format.ts';
import type { Kernel } from './kernel.ts';
import type { Presence } from './presence.ts';
import type { Sending } from './sending.ts';
import type { CommandNote, ConversationState, Draft, DraftFile, Problem } from './state.ts';
import { withNote } from './timeline.ts';

/** Minutes of a mute that names none. */
const muteMinutes = 10;

/** What somebody writes until it is sent: text, reply, edit, files, commands. */
export interface Drafting {
  setText(id: Id, text: string): void;
  send(id: Id): void;
  addFiles(id: Id, files: readonly File[]): void;
  removeFile(id: Id, key: string): void;
  startReply(id: Id, message: Message): void;
  startEdit(id: Id, message: Message): void;
  stopReplyOrEdit(id: Id): void;
  stop(): void;
}

/** What commands do; null: it is done. */
export interface CommandActs {
  rename(name: string): Promise<Problem | null>;
  setTopic(id: Id, topic: string): Promise<Problem | null>;
  moderate(id: Id, act: 'kick' | 'ban' | 'mute', person: Id, minutes: number | null): Promise<Problem | null>;
  join(name: string): Promise<Problem | null>;
  leave(id: Id): Promise<Problem | null>;
}

export function createDrafting(
  kernel: Kernel,
  parts: {
    readonly sending: Sending;
    readonly presence: Presence;
    readonly acts: CommandActs;
    readonly arrived: (message: Message) => void;
  },
): Drafting {
  const { env, api } = kernel;
  const { sending, presence, acts } = parts;
  const uploads = new Map<string, () => void>();

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
    if (typed.type === 'command') return void run(state, typed.name, typed.rest);
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
    sending.send(id, message, mentionsIn(typed.text, peopleOf(state), limits.mentionsPerMessage));
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

  async function run(state: ConversationState, name: CommandName, rest: string): Promise<void> {
    const { id } = state.conversation;
    const clear = () => setDraft(id, { text: '', problem: null });
    if (name === 'help') {
      clear();
      return note(id, { kind: 'help' });
    }
    if (rest === '' && name !== 'leave' && name !== 'topic') {
      return note(id, { kind: 'usage', command: `/${name}`, usage: usages[name] });
    }
    let problem: Problem | null;
    if (name === 'nick') problem = await acts.rename(rest);
    else if (name === 'topic') problem = await acts.setTopic(id, rest);
    else if (name === 'join') problem = await acts.join(rest.replace(/^#/, ''));
    else if (name === 'leave') problem = await acts.leave(id);
    else {
      const found = personIn(rest, peopleOf(state));
      const minutes = found?.minutes ?? (name === 'mute' ? muteMinutes : null);
      problem =
        found === null
          ? { code: 'not_found', detail: rest }
          : await acts.moderate(id, name, found.person.id, minutes);
    }
    if (problem === null) clear();
    else note(id, { kind: 'problem', problem });
  }

  function setFile(id: Id, key: string, change: Partial<DraftFile>): void {
    kernel.change(id, (state) => ({
      ...state,
      draft: {
        ...state.draft,
        files: state.draft.files.map((file) => (file.key === key ? { ...file, ...change } : file)),
      },
    }));
  }

  function addFile(id: Id, file: File): void {
    const state = kernel.conversation(id);
    const { config } = kernel.state();
    if (state === undefined || state.draft.files.length >= limits.attachmentsPerMessage) return;
    const most = config.phase === 'ready' ? config.value.files?.bytes : undefined;
    const key = uuid(env);
    const draft: DraftFile = {
      key,
      name: file.name,
      bytes: file.size,
      preview: env.page.preview(file),
      progress: 0,
      state: 'uploading',
      problem: null,
      attachment: null,
    };
    setDraft(id, { files: [...state.draft.files, draft] });
    const failed = (problem: Problem) =>
      setFile(id, key, { state: 'failed', problem: { ...problem, detail: file.name } });
    if (most === undefined) {
      failed({ code: 'files_refused' });
      return;
    }
    if (file.size > most) {
      failed({ code: 'too_large' });
      return;
    }
    const done = ({ problem, value }: Answer<DraftFile['attachment']>) => {
      uploads.delete(key);
      if (problem !== null) failed(problem);
      else setFile(id, key, { state: 'ready', progress: 1, attachment: value });
    };
    uploads.set(
      key,
      api.upload(id, file, (progress) => setFile(id, key, { progress }), done),
    );
  }

  return {
    setText(id, text) {
      setDraft(id, { text, problem: null });
      const draft = kernel.conversation(id)?.draft;
      const isText = text.trim() !== '' && (!text.startsWith('/') || text.startsWith('//'));
      if (draft?.editing === null) presence.typing(id, isText);
    },
    send,
    addFiles(id, files) {
      for (const file of files) addFile(id, file);
    },
    removeFile(id, key) {
      uploads.get(key)?.();
      uploads.delete(key);
      const files = kernel.conversation(id)?.draft.files ?? [];
      const { preview = null } = files.find((file) => file.key === key) ?? {};
      if (preview !== null) env.page.dropPreview(preview);
      setDraft(id, { files: files.filter((file) => file.key !== key) });
    },
    startReply: (id, message) => setDraft(id, { replyTo: message, editing: null }),
    startEdit: (id, message) =>
      setDraft(id, { editing: message, replyTo: null, text: message.text, problem: null }),
    stopReplyOrEdit(id) {
      const wasEditing = kernel.conversation(id)?.draft.editing !== null;
      setDraft(id, { replyTo: null, editing: null, problem: null, ...(wasEditing ? { text: '' } : {}) });
    },
    stop() {
      for (const abort of uploads.values()) abort();
    },
  };
}

function tooLong(text: string): Problem | null {
  const characters = [...text].length;
  const bytes = new TextEncoder().encode(text).length;
  if (characters <= limits.textCharacters && bytes <= limits.textBytes) return null;
  return { code: 'too_long', detail: `${Math.max(characters - limits.textCharacters, 1)}` };
}

/** Who can be meant here: those who have it open, who wrote, and the other one. */
export function peopleOf({ conversation, online, timeline }: ConversationState): readonly Person[] {
  const people = new Map<Id, Person>();
  for (const item of timeline.items) {
    if (item.type === 'message' && !item.message.author.deleted)
      people.set(item.message.author.id, item.message.author);
  }
  for (const person of online.members) people.set(person.id, person);
  if (conversation.with !== null) people.set(conversation.with.id, conversation.with);
  return [...people.values()];
}
