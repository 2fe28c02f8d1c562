import type { Bytes } from './asset.ts';

export interface CarriedBundle {
  readonly files: ReadonlyMap<string, Bytes>;
  readonly entries: readonly string[];
}

/** What pages are made of, as JSON; bytes are base64. */
interface CarriedText {
  readonly bundles: Record<string, { files: Record<string, string>; entries: readonly string[] }>;
  readonly files: Record<string, string>;
}

/**
 * The files of pages that a standalone executable carries with it, because there are no sources to bundle and no packages to
 * read from beside it (`scripts/compile.ts`). A server that runs from its sources carries nothing.
 */
export class Carried {
  readonly #bundles = new Map<string, CarriedBundle>();
  readonly #files = new Map<string, Bytes>();
  #isRecording = false;

  /** From now on all that is bundled and read is remembered. */
  record(): void {
    this.#isRecording = true;
  }

  bundle(key: string): CarriedBundle | null {
    return this.#bundles.get(key) ?? null;
  }

  file(specifier: string): Bytes | null {
    return this.#files.get(specifier) ?? null;
  }

  bundled(key: string, bundle: CarriedBundle): void {
    if (this.#isRecording) this.#bundles.set(key, bundle);
  }

  read(specifier: string, bytes: Bytes): void {
    if (this.#isRecording) this.#files.set(specifier, bytes);
  }

  toText(): string {
    const base64 = (files: Iterable<[string, Bytes]>) =>
      Object.fromEntries([...files].map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')]));
    const bundles = [...this.#bundles].map(([key, { files, entries }]) => [
      key,
      { files: base64(files), entries },
    ]);
    const text: CarriedText = { bundles: Object.fromEntries(bundles), files: base64(this.#files) };
    return JSON.stringify(text);
  }

  /** @param text from `toText` */
  load(text: string): void {
    const carried = JSON.parse(text) as CarriedText;
    const bytesOf = (base64: string): Bytes => new Uint8Array(Buffer.from(base64, 'base64'));
    for (const [key, { files, entries }] of Object.entries(carried.bundles)) {
      const decoded = Object.entries(files).map(([name, file]) => [name, bytesOf(file)] as const);
      this.#bundles.set(key, { files: new Map(decoded), entries });
    }
    for (const [specifier, file] of Object.entries(carried.files)) this.#files.set(specifier, bytesOf(file));
  }
}

/** Those of this program. */
export const carried = new Carried();
