/** What somebody has typed: text to send, or a command. */
export type Typed =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'action'; readonly text: string }
  | { readonly type: 'command'; readonly name: CommandName; readonly rest: string }
  | { readonly type: 'unknown'; readonly command: string };

const names = ['nick', 'topic', 'kick', 'ban', 'mute', 'join', 'leave', 'help'] as const;

export type CommandName = (typeof names)[number];

/** All that one can type, in the order in which they are told. */
export const commandList = ['me', ...names].map((name) => `/${name}`).join(' ');

/** `//` at the start is a slash that means nothing. */
export function parseTyped(typed: string): Typed {
  const text = typed.trim();
  if (text.startsWith('//')) return { type: 'text', text: text.slice(1) };
  const found = /^\/([a-z]+)(?:\s+([\s\S]*))?$/i.exec(text);
  if (found === null) return { type: 'text', text };
  const name = (found[1] ?? '').toLowerCase();
  const rest = (found[2] ?? '').trim();
  if (name === 'me') return rest === '' ? { type: 'text', text } : { type: 'action', text: rest };
  const known = names.find((one) => one === name);
  return known === undefined
    ? { type: 'unknown', command: `/${name}` }
    : { type: 'command', name: known, rest };
}
