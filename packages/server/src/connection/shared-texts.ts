const textsMax = 1_000;

/**
 * Gives connections that have a text in common the same copy of it. A copy, because a part of a request's text would
 * keep the whole request in memory for as long as the connection lives.
 */
export class SharedTexts {
  readonly #texts = new Map<string, string>();

  /** @param lengthMax what is beyond is cut off */
  of(text: string, lengthMax: number): string {
    const wanted = text.length > lengthMax ? text.slice(0, lengthMax) : text;
    const known = this.#texts.get(wanted);
    if (known !== undefined) return known;
    // The texts in use live on with their connections.
    if (this.#texts.size >= textsMax) this.#texts.clear();
    const copy = Buffer.from(wanted).toString();
    this.#texts.set(copy, copy);
    return copy;
  }
}
