/** Someone who has this page open, in one window. */
export interface Person {
  id: string;
  name: string;
  /** Which of the colours `--voice-0` … `--voice-7`. */
  colour: number;
}

/** Something that went on within earshot. */
export type Happening =
  | { kind: 'said'; by: Person; own: boolean; text: string }
  | { kind: 'published'; channel: string; event: string; text: string }
  | { kind: 'came' | 'left'; by: Person };

export type Line = Happening & { id: number; at: Date };

const linesMax = 200;
const textLengthMax = 2000;

/** `lines` and one more at the end; the oldest ones go, so that a page left open for days does not grow. */
export function withLine(lines: readonly Line[], line: Line): readonly Line[] {
  return [...lines.slice(1 - linesMax), line];
}

/** True when `line` goes on with what `before` said: the same person, within the minute. */
export function continues(before: Line | undefined, line: Line): boolean {
  return (
    before?.kind === 'said' &&
    line.kind === 'said' &&
    before.by.id === line.by.id &&
    Math.floor(before.at.getTime() / 60_000) === Math.floor(line.at.getTime() / 60_000)
  );
}

/** What to show of an event's data: its text, if it has one where ours and the snippets have it; else its JSON. */
export function textOf(data: unknown): string {
  const text = typeof data === 'string' ? data : (named(data, 'message') ?? named(data, 'text'));
  const shown = text ?? JSON.stringify(data) ?? '';
  return shown.length > textLengthMax ? `${shown.slice(0, textLengthMax)}…` : shown;
}

/** The member `name` of `data` if it is a text. */
export function named(data: unknown, name: string): string | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  const value: unknown = Reflect.get(data, name);
  return typeof value === 'string' ? value : undefined;
}
