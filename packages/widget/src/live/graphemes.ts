/** Code units of one character: some write towers of accents. */
export const graphemeUnitsMost = 32;

let segmenter: Intl.Segmenter | null | undefined;

/** A text as people count its characters. */
export function graphemesOf(text: string): string[] {
  if (segmenter === undefined) segmenter = typeof Intl.Segmenter === 'function' ? new Intl.Segmenter() : null;
  const all =
    segmenter === null ? Array.from(text) : Array.from(segmenter.segment(text), ({ segment }) => segment);
  return all.map((one) => (one.length > graphemeUnitsMost ? cut(one) : one));
}

/** Not in the middle of a surrogate pair. */
function cut(grapheme: string): string {
  return grapheme.slice(0, graphemeUnitsMost).replace(/[\uD800-\uDBFF]$/, '');
}
