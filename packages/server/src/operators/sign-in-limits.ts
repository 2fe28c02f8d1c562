import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

const perAddress = { points: 10, duration: 60 };
/** Wrong passwords for a name, from wherever they come. A link signs in all the same. */
const perName = { points: 30, duration: 600 };

/** Bounds the tries to sign in, at all doors together. Counts are this process's, and forgotten with it. */
export class SignInLimits {
  readonly #addresses = new RateLimiterMemory(perAddress);
  readonly #names = new RateLimiterMemory(perName);

  /** Counts a try of this address. @returns seconds until another is taken; null when this one is */
  takeForAddress(address: string): Promise<number | null> {
    return take(this.#addresses, address);
  }

  /** Counts a try for this name. @returns seconds until another is taken; null when this one is */
  takeForName(name: string): Promise<number | null> {
    return take(this.#names, name);
  }

  /** The password was right: what was tried before does not count. */
  async forgiveName(name: string): Promise<void> {
    await this.#names.delete(name);
  }
}

async function take(limiter: RateLimiterMemory, key: string): Promise<number | null> {
  try {
    await limiter.consume(key);
    return null;
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal;
    return Math.max(1, Math.ceil(refusal.msBeforeNext / 1000));
  }
}
