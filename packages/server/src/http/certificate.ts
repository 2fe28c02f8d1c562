import { statSync } from 'node:fs';
import type { Clock, Timer } from '@earshot/base';
import type { TlsFiles } from './listener.ts';

/** How often the files are looked at. */
const lookMs = 30_000;

/** Notices that certificate or key have been written anew. */
export class CertificateWatch {
  readonly #files: TlsFiles;
  readonly #timer: Timer;
  #seen: string;

  /** @param renewed is called when either file has changed, possibly before the other one has */
  constructor(files: TlsFiles, clock: Clock, renewed: () => void) {
    this.#files = files;
    this.#seen = stateOf(files);
    this.#timer = clock.every(lookMs, () => {
      if (this.hasChanged()) renewed();
    });
  }

  /** Whether the files are others than at the last call, or at the beginning. */
  hasChanged(): boolean {
    const state = stateOf(this.#files);
    const isNew = state !== this.#seen;
    this.#seen = state;
    return isNew;
  }

  stop(): void {
    this.#timer.cancel();
  }
}

/** A file that is missing is about to be replaced. */
function stateOf({ certFile, keyFile }: TlsFiles): string {
  return [certFile, keyFile]
    .map((file) => {
      const found = statSync(file, { throwIfNoEntry: false });
      return found === undefined ? 'none' : `${found.ino} ${found.mtimeMs} ${found.size}`;
    })
    .join();
}
