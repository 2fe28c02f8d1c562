import { limits } from '../contract/index.ts';

const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' });

/** Joiners and the emoji form count only between parts of an emoji. */
const emojiGlue =
  /(?<=\p{Extended_Pictographic}\uFE0F?|\p{Emoji_Modifier})\u200D(?=\p{Extended_Pictographic})/gu;
/** Scripts write with joiners that are not visible: there, and nowhere else, they stay. */
const scriptGlue =
  /(?<=[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}])[\u200C\u200D](?=[\p{L}\p{M}])/gu;
const keptJoiner = '\uE000';
const keptNonJoiner = '\uE001';
const invisible = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Default_Ignorable_Code_Point}]/gu;
const blank = /[\p{Z}\t-\r\u2800]+/gu;
/** More marks on one letter than any script needs climb over the lines above. */
const marksMax = 4;

/**
 * A name as it is shown: composed (NFC), without control, direction and invisible characters, blanks collapsed. Empty when
 * nothing visible is left.
 */
export function cleanName(text: string): string {
  const kept = text
    .normalize('NFC')
    .replace(/[\uE000-\uE002]/g, '')
    .replace(blank, ' ')
    .replace(emojiGlue, keptJoiner)
    .replace(scriptGlue, (glue) => (glue === '\u200D' ? keptJoiner : keptNonJoiner))
    .replace(/(?<=\p{Extended_Pictographic})\uFE0F/gu, '\uE002')
    .replace(/[\uE000-\uE002]|[^\uE000-\uE002]+/g, (part) =>
      /^[\uE000-\uE002]$/.test(part) ? part : part.replace(invisible, ''),
    )
    .replaceAll(keptJoiner, '\u200D')
    .replaceAll(keptNonJoiner, '\u200C')
    .replaceAll('\uE002', '\uFE0F')
    .replace(new RegExp(`(\\p{M}{${marksMax}})\\p{M}+`, 'gu'), '$1')
    .replace(blank, ' ')
    .trim()
    .normalize('NFC');
  return /[\p{L}\p{N}\p{P}\p{S}]/u.test(kept) ? kept : '';
}

/** Characters as people count them. */
export function nameLength(name: string): number {
  return [...graphemes.segment(name)].length;
}

/** The beginning of a name that is too long, for names that nobody here typed. */
export function cutName(name: string): string {
  const parts = [...graphemes.segment(name)].slice(0, limits.nameCharacters);
  return parts
    .map(({ segment }) => segment)
    .join('')
    .trim();
}

/** Look-alikes of other scripts, capitals first because case changes what a letter looks like. */
const capitals = new Map([
  ...pairs('ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹϺ', 'ABEZHIKMNOPTYXCM'),
  ...pairs('АВЕЅЗІЈКМНОРСТУХҮԌԚԜӀЦ', 'ABES3IJKMHOPCTYXYGQWIU'),
  ...pairs('ԱՕՍՏԼ', 'UOUSL'),
  ...pairs('ᎪᏴᏟᎬᎻᎥᎫᏦᏞᎷᏢᏚᎢᏙᎳᏃ', 'ABCEHIJKLMPSTVWZ'),
]);
const smalls = new Map([
  ...pairs('αβγεηικμνορστυχωϲς', 'abyenikuvopotuxwcc'),
  ...pairs('авеѕзіїјкмнорстухүԁһԛԝѵьӏги', 'abes3iijkmhopctyxydhqwvblru'),
  ...pairs('օսոհցք', 'ounhgp'),
  ...pairs('ɑɡıȷɩɪʟʀʏƖǀ|!', 'agijiilryllll'),
  ...pairs('01', 'ol'),
]);

function pairs(from: string, to: string): [string, string][] {
  const targets = [...to];
  return [...from].map((letter, index) => [letter, targets[index] ?? letter]);
}

/**
 * What a name looks like: two names with one skeleton are easily taken for each other. Case, width, blanks, dots, dashes
 * and invisible characters do not count; letters of other scripts that look like Latin ones are these, and so are `rn`
 * and `m`, `1`, `I` and `l`. Never shown.
 */
export function nameSkeleton(name: string): string {
  const wide = name.normalize('NFKC').replace(invisible, '');
  const bare = wide.replace(/[\p{Z}\t-\r._\-‐-―'’`·]+/gu, '');
  const latin = replaceEach(bare === '' ? wide : bare, capitals);
  const folded = latin.toUpperCase().toLowerCase();
  return replaceEach(folded, smalls)
    .replaceAll('i', 'l')
    .replaceAll('rn', 'm')
    .replaceAll('vv', 'w')
    .normalize('NFC');
}

function replaceEach(text: string, by: ReadonlyMap<string, string>): string {
  return [...text].map((letter) => by.get(letter) ?? letter).join('');
}

const skeletonsOf = (words: string) => new Set(words.split(' ').map(nameSkeleton));
/** Who says one of these speaks for the chat. */
const reservedWords = skeletonsOf(
  'admin admins administrator sysadmin moderator moderators mod system staff support official root owner operator ' +
    'webmaster earshot security',
);
const reservedNames = skeletonsOf(
  'everyone everybody here all channel deleted deleteduser server bot you me',
);

/** Whether a guest may not be called that. */
export function isReservedName(name: string): boolean {
  const whole = nameSkeleton(name);
  if (reservedWords.has(whole) || reservedNames.has(whole)) return true;
  const words = [...name.split(/[^\p{L}\p{N}\p{M}|!]+/u), ...name.split(/[^\p{L}\p{N}\p{M}]+/u)];
  return words.some((word) => reservedWords.has(nameSkeleton(word)));
}

const avatarCharactersMax = 2_000;

/** An address that may be shown as somebody's picture, else null. None that tells a hash of their e-mail address. */
export function avatarAddress(text: unknown): string | null {
  if (typeof text !== 'string' || text.length > avatarCharactersMax || !URL.canParse(text)) return null;
  const url = new URL(text);
  if (url.protocol !== 'https:' || url.username !== '' || url.password !== '') return null;
  if (/(^|\.)(gravatar\.com|libravatar\.org)$/.test(url.hostname)) return null;
  return url.href.length > avatarCharactersMax ? null : url.href;
}
