/** At most `max` items of all that are added, each with the same chance to be among them (reservoir sampling). */
export class Sample<Item> {
  readonly #max: number;
  readonly #random: () => number;
  #items: Item[] = [];
  #added = 0;
  #skippedBefore = 0;

  /** @param random numbers from 0 to below 1 */
  constructor(max: number, random: () => number) {
    this.#max = max;
    this.#random = random;
  }

  get isEmpty(): boolean {
    return this.#added === 0 && this.#skippedBefore === 0;
  }

  add(item: Item): void {
    this.#added++;
    if (this.#items.length < this.#max) {
      this.#items.push(item);
      return;
    }
    const place = Math.floor(this.#random() * this.#added);
    if (place < this.#max) this.#items[place] = item;
  }

  /** Counts items that were left out before they came here. */
  skip(count: number): void {
    this.#skippedBefore += count;
  }

  /** Empties it. `skippedHere` does not count what `skip` was told. */
  take(): { items: Item[]; skipped: number; skippedHere: number } {
    const items = this.#items;
    const skippedHere = this.#added - items.length;
    const taken = { items, skipped: skippedHere + this.#skippedBefore, skippedHere };
    this.#items = [];
    this.#added = 0;
    this.#skippedBefore = 0;
    return taken;
  }
}
