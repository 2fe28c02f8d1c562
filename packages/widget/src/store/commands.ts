/** What somebody has typed: text to send, or a command. */
export type Typed =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'action'; readonly text: string }
  | { readonly type: 'command'; readonly name: CommandName; readonly rest: string }
  | { readonly type: 'unknown'; readonly command: string };

export type CommandName = 'nick' | 'topic' | 'kick' | 'ban' | 'mute' | 'join' | 'leave' | 'help';

/** What each takes; shown when it is missing. */
export const usages: Record<CommandName, string> = {
  nick: '/nick name',
  topic: '/topic text',
  kick: '/kick name',
  ban: '/ban name [minutes]',
  mute: '/mute name [minutes]',
  join: '/join room',
  leave: '/leave',
  help: '/help',
};

/** `//` at the start is a slash that means nothing. */
export function parseTyped(typed: string): Typed {
  const text = typed.trim();
  if (text.startsWith('//')) return { type: 'text', text: text.slice(1) };
  const found = /^\/([a-z]+)(?:\s+([\s\S]*))?$/i.exec(text);
  if (found === null) return { type: 'text', text };
  const name = (found[1] ?? '').toLowerCase();
  const rest = (found[2] ?? '').trim();
  if (name === 'me') return rest === '' ? { type: 'text', text } : { type: 'action', text: rest };
  return Object.keys(usages).includes(name)
    ? { type: 'command', name: name as CommandName, rest }
    : { type: 'unknown', command: `/${name}` };
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
