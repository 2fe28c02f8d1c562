/**
 * Text of strangers as tokens, of which views make text nodes and elements. No input makes markup, and an address is one
 * that begins with http, https or mailto. Line breaks stay in the text (`white-space: pre-wrap`).
 */

export type Inline =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'code'; readonly text: string }
  | { readonly type: 'strong' | 'emphasis'; readonly children: readonly Inline[] }
  | { readonly type: 'link'; readonly href: string; readonly text: string }
  /** `text` with the @. */
  | { readonly type: 'mention'; readonly name: string; readonly text: string };

export type Block =
  | { readonly type: 'paragraph' | 'quote'; readonly children: readonly Inline[] }
  | { readonly type: 'code-block'; readonly text: string };

/** @param names that may have blanks in them; after an @ the longest that fits is a mention, else any word */
export function parseText(text: string, names: readonly string[] = []): readonly Block[] {
  const blocks: Block[] = [];
  const lines = text.split('\n');
  const longestFirst = [...names].sort((one, other) => other.length - one.length);
  for (let index = 0; index < lines.length; ) {
    const start = index;
    const close = isFence(lines[index]) ? lines.findIndex((line, at) => at > start && isFence(line)) : -1;
    if (close !== -1) {
      blocks.push({ type: 'code-block', text: lines.slice(start + 1, close).join('\n') });
      index = close + 1;
      continue;
    }
    const type = isQuote(lines[index]) ? 'quote' : 'paragraph';
    do index++;
    while (index < lines.length && !isFence(lines[index]) && isQuote(lines[index]) === (type === 'quote'));
    const taken = lines.slice(start, index);
    const inner = type === 'quote' ? taken.map((line) => line.replace(/^> ?/, '')) : taken;
    // Blank lines around a block are the block's own distance.
    const content = inner.join('\n').replace(/^\s*\n|\n\s*$/g, '');
    if (content !== '') blocks.push({ type, children: parseInline(content, longestFirst) });
  }
  return blocks;
}

/** What it says without its marks: `**Ada**` is Ada. */
export function plainText(text: string): string {
  const inline = (parts: readonly Inline[]): string =>
    parts.map((part) => ('children' in part ? inline(part.children) : part.text)).join('');
  return parseText(text)
    .map((block) => (block.type === 'code-block' ? block.text : inline(block.children)))
    .join('\n');
}

const isFence = (line: string | undefined) => line !== undefined && /^```\w*\s*$/.test(line);
const isQuote = (line: string | undefined) => line !== undefined && /^> ?\S/.test(line);

function parseInline(text: string, names: readonly string[]): readonly Inline[] {
  const parts: Inline[] = [];
  let plain = '';
  /** Marks of which no second one follows: looked for once. */
  const alone = new Set<string>();

  const closing = (mark: string, from: number): number => {
    if (alone.has(mark)) return -1;
    const at = text.indexOf(mark, from);
    if (at === -1) alone.add(mark);
    return at;
  };
  /** Something between two marks, where it hugs them and they stand free. */
  const between = (mark: string, at: number): string | null => {
    if (isWord(text[at - 1])) return null;
    const from = at + mark.length;
    const to = closing(mark, from);
    const inner = to === -1 ? '' : text.slice(from, to);
    if (inner === '' || /^\s|\s$/.test(inner) || isWord(text[to + mark.length])) return null;
    return inner;
  };
  const add = (part: Inline) => {
    if (plain !== '') parts.push({ type: 'text', text: plain });
    plain = '';
    parts.push(part);
  };

  for (let at = 0; at < text.length; ) {
    const char = text[at] ?? '';
    if (char === '`') {
      const inner = between('`', at);
      if (inner !== null && !inner.includes('\n')) {
        add({ type: 'code', text: inner });
        at += inner.length + 2;
        continue;
      }
    } else if (char === '*') {
      const mark = text[at + 1] === '*' ? '**' : '*';
      const inner = between(mark, at);
      if (inner !== null) {
        add({ type: mark === '*' ? 'emphasis' : 'strong', children: parseInline(inner, names) });
        at += inner.length + 2 * mark.length;
        continue;
      }
      plain += mark;
      at += mark.length;
      continue;
    } else if (/[hm]/i.test(char) && !isWord(text[at - 1])) {
      const link = linkAt(text, at);
      if (link !== null) {
        add(link);
        at += link.text.length;
        continue;
      }
    } else if (char === '@' && !isWord(text[at - 1])) {
      const name = nameAt(text, at + 1, names);
      if (name !== '') {
        add({ type: 'mention', name, text: `@${name}` });
        at += name.length + 1;
        continue;
      }
    }
    plain += char;
    at++;
  }
  if (plain !== '') parts.push({ type: 'text', text: plain });
  return parts;
}

const isWord = (char: string | undefined) => char !== undefined && /[\p{L}\p{N}_]/u.test(char);

/** Ends before blanks, brackets of markup, and characters that turn the direction of writing. */
const address = /(?:https?:\/\/|mailto:)[^\s<>"'`\p{Cc}\p{Cf}]+/iuy;

function linkAt(text: string, at: number): (Inline & { type: 'link' }) | null {
  address.lastIndex = at;
  const found = address.exec(text)?.[0];
  if (found === undefined) return null;
  const shown = withoutTail(found);
  let url: URL;
  try {
    url = new URL(shown);
  } catch {
    return null; // looks like one, and is none
  }
  const web = url.protocol === 'http:' || url.protocol === 'https:';
  // `https://bank.example@evil.example` goes elsewhere than it says.
  if (web ? url.username !== '' || url.password !== '' : url.protocol !== 'mailto:' || !shown.includes('@')) {
    return null;
  }
  return { type: 'link', href: url.href, text: shown };
}

/** What ends a sentence, and a bracket that was opened before the address, do not belong to it. */
function withoutTail(link: string): string {
  let end = link.length;
  for (; end > 0; end--) {
    const char = link[end - 1] ?? '';
    if (/[.,;:!?*_~]/.test(char)) continue;
    const opening = { ')': '(', ']': '[', '}': '{' }[char];
    if (opening === undefined) break;
    const head = link.slice(0, end);
    if (head.split(opening).length >= head.split(char).length) break;
  }
  return link.slice(0, end);
}

/** @param names longest first */
function nameAt(text: string, at: number, names: readonly string[]): string {
  for (const name of names) {
    const found = text.slice(at, at + name.length);
    if (name !== '' && found.toLowerCase() === name.toLowerCase() && !isWord(text[at + name.length]))
      return found;
  }
  return /^[\p{L}\p{N}_](?:[\p{L}\p{N}_.-]{0,38}[\p{L}\p{N}_])?/u.exec(text.slice(at, at + 40))?.[0] ?? '';
}
