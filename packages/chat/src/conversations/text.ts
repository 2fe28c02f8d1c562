/** What people write, made harmless to those who read it; never made different in meaning. */

/** Turns the direction of what follows, beyond the text itself: embeddings, overrides, isolates. Marks may stay. */
const bidiControls = /[\u202a-\u202e\u2066-\u2069]/g;
/** Of no width and of no use in a text. Joiners are looked at on their own. */
const invisible = /[\u00ad\u180e\u200b\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff]/g;
/** Control characters, line breaks and tabs excepted. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
/** Flags of regions end in these; anywhere else they hide text in the text. */
const tags = /(\u{1f3f4}[\u{e0020}-\u{e007e}]{1,8}\u{e007f})|[\u{e0000}-\u{e0fff}]/gu;
/** Joiners join what stands on either side; one alone, or a second one, joins nothing. */
const strayJoiners = /(?<=^|\s|[\u200c\u200d])[\u200c\u200d]+|[\u200c\u200d]+(?=\s|$)/gu;
/** More marks on one letter than any language has run over the lines around it. */
const pileOfMarks = /(\p{M}{8})\p{M}+/gu;
/** Characters that look like nothing; a message of nothing else is empty. */
const blank = /^[\s\u115f\u1160\u200c-\u200f\u061c\u2800\u3164\uffa0]*$/u;

/** A message as it is kept: line breaks and tabs stay, white space around it goes. May be empty. */
export function cleanText(text: string): string {
  const cleaned = text
    .toWellFormed()
    .replace(/\r\n?|[\u2028\u2029\u0085]/g, '\n')
    .replace(controls, '')
    .replace(bidiControls, '')
    .replace(invisible, '')
    .replace(tags, '$1')
    .replace(pileOfMarks, '$1')
    .trim();
  // Taking one away can leave another one alone.
  let joined = cleaned;
  for (let before = ''; before !== joined; ) {
    before = joined;
    joined = joined.replace(strayJoiners, '').replace(pileOfMarks, '$1').trim();
  }
  return blank.test(joined) ? '' : joined;
}

/** A title, topic or reason: one line. */
export function cleanLine(text: string): string {
  return cleanText(text.replace(/\s+/gu, ' ')).replace(/\s+/gu, ' ');
}

/** Characters as people count code points. */
export function lengthOf(text: string): number {
  let length = 0;
  for (const _ of text) length++;
  return length;
}

/** The beginning of a message, in one line, for a quotation. */
export function excerptOf(text: string, characters: number): string {
  const line = text.replace(/\s+/gu, ' ');
  // No more graphemes than code points, so this much is enough to look at.
  const few = line.slice(0, characters * 4);
  let excerpt = '';
  let length = 0;
  for (const { segment } of graphemes.segment(few)) {
    length += lengthOf(segment);
    if (length > characters - 1) return few.length > excerpt.length ? `${excerpt.trimEnd()}…` : excerpt;
    excerpt += segment;
  }
  return few.length < line.length ? `${excerpt.trimEnd()}…` : excerpt;
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const emoji = /^\p{RGI_Emoji}$/v;

/** @returns the one emoji that the text is, as it is written in full; null for anything else */
export function emojiIn(text: string): string | null {
  if (text.length > 64) return null;
  if (emoji.test(text)) return text;
  // Some keyboards leave out that a sign is meant as a picture.
  const asPicture = `${text}\ufe0f`;
  return emoji.test(asPicture) ? asPicture : null;
}

/**
 * Who is named in a text as `@name`, among those who may be. The longest name that fits counts, so that `@Ann Lee` is not
 * `@Ann`; upper and lower case are alike.
 */
export function mentionedIn<Named extends { readonly name: string }>(
  text: string,
  candidates: readonly Named[],
): Named[] {
  const lower = text.toLowerCase();
  const named = candidates
    .map((one) => ({ one, name: one.name.toLowerCase() }))
    .filter(({ name }) => name !== '')
    .sort((a, b) => b.name.length - a.name.length);
  const found = new Set<Named>();
  for (let at = lower.indexOf('@'); at !== -1; at = lower.indexOf('@', at + 1)) {
    if (isWord.test(lower.slice(Math.max(0, at - 2), at))) continue; // an e-mail address
    const rest = lower.slice(at + 1);
    const longest = named.find(
      ({ name }) => rest.startsWith(name) && !startsWord.test(rest.slice(name.length)),
    );
    if (longest === undefined) continue;
    // Several people may have one name; all of them are meant.
    for (const { one, name } of named) if (name === longest.name) found.add(one);
  }
  return [...found];
}

const isWord = /[\p{L}\p{N}_]$/u;
const startsWord = /^[\p{L}\p{M}\p{N}_]/u;
