import { WindowCounts, type Windows } from './windows.ts';

const perAddress = { tries: 10, seconds: 60 };
/** Wrong passwords for a name, from wherever they come. A link signs in all the same. */
const perName = { tries: 30, seconds: 600 };

/** Bounds the tries to sign in, at all doors together. */
export class SignInLimits {
  readonly #windows: Windows;

  constructor(windows: Windows = new WindowCounts()) {
    this.#windows = windows;
  }

  /** Counts a try of this address. @returns seconds until another is taken; null when this one is */
  takeForAddress(address: string): Promise<number | null> {
    return this.#take(keyOfAddress(address), perAddress);
  }

  /** Counts a try for this name. @returns seconds until another is taken; null when this one is */
  takeForName(name: string): Promise<number | null> {
    return this.#take(keyOfName(name), perName);
  }

  /** The password was right: what was tried before does not count. */
  forgiveName(name: string): Promise<void> {
    return this.#windows.forget(keyOfName(name));
  }

  async #take(key: string, { tries, seconds }: typeof perAddress): Promise<number | null> {
    const { taken, msLeft } = await this.#windows.take(key, 1, seconds);
    return taken <= tries ? null : Math.max(1, Math.ceil(msLeft / 1000));
  }
}

function keyOfAddress(address: string): string {
  return `operator address ${address}`;
}

function keyOfName(name: string): string {
  return `operator name ${name}`;
}
