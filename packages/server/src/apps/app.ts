import { inspect } from 'node:util';
import type { AppSettings } from '../config.ts';
import { Tally } from './tally.ts';
import { Usage } from './usage.ts';

/**
 * A key with its secret. The secret is kept as it is, because signatures need it, but it shows up in no log:
 * it is no field that printing or JSON would visit.
 */
export class AppKey {
  readonly key: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly #secret: string;

  constructor(key: string, secret: string, createdAt = 0) {
    this.key = key;
    this.createdAt = createdAt;
    this.#secret = secret;
  }

  get secret(): string {
    return this.#secret;
  }
}

/**
 * An application. Its identity is stable while the server runs: whoever holds an `App` sees changed settings and
 * keys at once, because `settings` and `keys` are replaced when they change (never altered in place).
 */
export class App {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  settings: AppSettings;
  /** By key, oldest first. All of them are valid, so that a secret can be rotated without a gap. */
  keys: ReadonlyMap<string, AppKey>;
  readonly usage = new Usage();
  readonly tally = new Tally(this.usage);

  constructor(id: string, settings: AppSettings, keys: ReadonlyMap<string, AppKey>, createdAt = 0) {
    this.id = id;
    this.createdAt = createdAt;
    this.settings = settings;
    this.keys = keys;
  }

  /** The key to show and to sign with. An app always has one. */
  get oldestKey(): AppKey {
    for (const key of this.keys.values()) return key;
    throw new Error(`App ${this.id} has no key`);
  }

  /** What a log may say of it. */
  toJSON(): { id: string; name: string } {
    return { id: this.id, name: this.settings.name };
  }

  [inspect.custom](): string {
    return `App ${this.id} (${this.settings.name})`;
  }
}
