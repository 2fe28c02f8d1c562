/** Points of each server on the ring: with 160 the shares of two servers differ by less than a tenth. */
const pointsEach = 160;

/**
 * Consistent hashing: which of several servers has a topic. Nodes that are given the same names, in whatever order, agree;
 * a server more moves its share of the topics and no others.
 */
export class Ring {
  readonly #points: readonly { readonly at: number; readonly index: number }[];

  /** @param names of the servers; `of` answers with an index into them */
  constructor(names: readonly string[]) {
    this.#points = names
      .flatMap((name, index) =>
        Array.from({ length: pointsEach }, (_, i) => ({ at: hash(`${name}#${i}`), index })),
      )
      .sort((a, b) => a.at - b.at || a.index - b.index);
  }

  of(topic: string): number {
    const at = hash(topic);
    let [low, high] = [0, this.#points.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#points[middle]?.at ?? 0) < at) low = middle + 1;
      else high = middle;
    }
    return (this.#points[low] ?? this.#points[0])?.index ?? 0;
  }
}

/** FNV-1a, then the finish of MurmurHash3, without which names that differ in their last letter lie together. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
