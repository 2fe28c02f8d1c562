import type { Id, Person } from '@earshot/chat/contract';
import { uuid } from '../client/env.ts';
import type { CommandName } from './commands.ts';
import type { Kernel } from './kernel.ts';
import type { CommandNote, ConversationState, Problem } from './state.ts';
import { withNote } from './timeline.ts';

/** Minutes of a mute that names none. */
const muteMinutes = 10;

/** What each takes; shown when it is missing. */
const usages: Record<CommandName, string> = {
  nick: '/nick name',
  topic: '/topic text',
  kick: '/kick name',
  ban: '/ban name [minutes]',
  mute: '/mute name [minutes]',
  join: '/join room',
  leave: '/leave',
  help: '/help',
};

/** What commands do; null: it is done. */
export interface CommandActs {
  rename(name: string): Promise<Problem | null>;
  setTopic(id: Id, topic: string): Promise<Problem | null>;
  moderate(id: Id, act: 'kick' | 'ban' | 'mute', person: Id, minutes: number | null): Promise<Problem | null>;
  join(name: string): Promise<Problem | null>;
  leave(id: Id): Promise<Problem | null>;
}

/** Carries out the command in a draft: the draft is empty when it is done, and stays with a note when it is not. */
export async function runCommand(
  kernel: Kernel,
  acts: CommandActs,
  id: Id,
  name: CommandName,
  rest: string,
): Promise<void> {
  const state = kernel.conversation(id);
  if (state === undefined) return;
  const {
    draft: { text },
  } = state;
  if (rest === '' && name !== 'leave' && name !== 'topic' && name !== 'help') {
    return note({ kind: 'usage', command: `/${name}`, usage: usages[name] });
  }
  let problem: Problem | null = null;
  if (name === 'help') note({ kind: 'help' });
  else if (name === 'nick') problem = await acts.rename(rest);
  else if (name === 'topic') problem = await acts.setTopic(id, rest);
  else if (name === 'join') problem = await acts.join(rest.replace(/^#/, ''));
  else if (name === 'leave') problem = await acts.leave(id);
  else problem = await toPerson(state, name);
  if (problem !== null) return note({ kind: 'problem', problem });
  kernel.change(id, (known) =>
    known.draft.text === text ? { ...known, draft: { ...known.draft, text: '', problem: null } } : known,
  );

  async function toPerson(here: ConversationState, act: 'kick' | 'ban' | 'mute'): Promise<Problem | null> {
    const found = personIn(rest, peopleOf(here));
    if (found === null) return { code: 'not_found', detail: rest };
    const minutes = found.minutes ?? (act === 'mute' ? muteMinutes : null);
    return acts.moderate(id, act, found.person.id, minutes);
  }

  function note(what: CommandNote): void {
    const { env } = kernel;
    kernel.change(id, (known) => ({
      ...known,
      timeline: withNote(known.timeline, uuid(env), what, env.now()),
    }));
  }
}

/**
 * Who is meant by a name in a command, which may have blanks and be followed by minutes.
 * @returns null when nobody here is called so
 */
export function personIn<P extends { readonly name: string }>(
  rest: string,
  people: readonly P[],
): { readonly person: P; readonly minutes: number | null } | null {
  const named = (name: string) =>
    people.find((person) => person.name.toLowerCase() === name.replace(/^@/, '').trim().toLowerCase());
  const whole = named(rest);
  if (whole !== undefined) return { person: whole, minutes: null };
  const timed = /^([\s\S]+?)\s+(\d{1,6})$/.exec(rest);
  const person = timed === null ? undefined : named(timed[1] ?? '');
  return person === undefined ? null : { person, minutes: Number(timed?.[2]) };
}

/** Who can be meant here: those who have it open, who wrote, and the other one. */
function peopleOf({ conversation, online, timeline }: ConversationState): readonly Person[] {
  const people = new Map<Id, Person>();
  for (const item of timeline.items) {
    if (item.type === 'message' && !item.message.author.deleted) {
      people.set(item.message.author.id, item.message.author);
    }
  }
  for (const one of online.members) people.set(one.id, one);
  if (conversation.with !== null) people.set(conversation.with.id, conversation.with);
  return [...people.values()];
}
