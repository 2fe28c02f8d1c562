import { base64url } from '../client/env.ts';
import { fromBase64, padded, type Seal, unpadded } from './seal.ts';

/** What goes over the wire: `client-live`. All of it can be seen by the server, and says nothing. */
export interface Envelope {
  /** Random, of the sender's stay: numbers begin anew with it. */
  readonly r: string;
  /** 1, 2, 3, … in a run. */
  readonly n: number;
  /** A sealed list of frames, base64. */
  readonly x: string;
}

export interface SpeechOptions {
  readonly seal: Seal;
  readonly channel: string;
  readonly participant: string;
  readonly lane: number;
  /** Of this stay. */
  readonly run: string;
  readonly trigger: (envelope: Envelope) => void;
}

/** What was heard of somebody. */
export interface Heard {
  /** The sender's stay; another one begins anew. */
  readonly run: string;
  readonly frames: readonly unknown[];
}

/** Numbers that may still come after a later one has. */
const windowSize = 64;
/** Earlier stays of a sender, which do not come back. */
const runsMost = 64;

interface Sender {
  run: string;
  highest: number;
  readonly seen: Set<number>;
  readonly past: Set<string>;
}

/** The place that something is sealed for. */
export function contextOf(
  channel: string,
  participant: string,
  lane: number,
  run: string,
  what: number | string,
): string {
  return ['earshot-live-1', channel, participant, lane, run, what].join('\n');
}

/** Says and hears sealed lists of frames, each once and as what it was sealed for. */
export class Speech {
  declare private readonly options: SpeechOptions;
  declare private readonly senders: Map<string, Sender>;
  declare private number: number;
  /** What is said, and what is heard, each in its order. */
  declare private saying: Promise<void>;

  constructor(options: SpeechOptions) {
    this.options = options;
    this.senders = new Map();
    this.number = 0;
    this.saying = Promise.resolve();
  }

  /** Resolves when it has gone to the connection. */
  say(frames: readonly unknown[]): Promise<void> {
    const { seal, channel, participant, lane, run, trigger } = this.options;
    const n = ++this.number;
    const sealed = seal.seal(padded(frames), contextOf(channel, participant, lane, run, n));
    this.saying = this.saying.then(() => sealed).then((bytes) => trigger({ r: run, n, x: base64url(bytes) }));
    return this.saying;
  }

  /**
   * @param lane of the sender, as the server says
   * @returns `unreadable` for what does not open here; null for what came before, or is no envelope
   */
  async hear(sender: string, lane: number, data: unknown): Promise<Heard | 'unreadable' | null> {
    const { r: run, n, x } = (data ?? {}) as Partial<Envelope>;
    if (typeof run !== 'string' || run.length > 40 || typeof x !== 'string') return null;
    if (!Number.isSafeInteger(n) || n === undefined || n < 1) return null;
    const known = this.senders.get(sender);
    if (known !== undefined && !isNew(known, run, n)) return null;
    const bytes = fromBase64(x);
    const context = contextOf(this.options.channel, sender, lane, run, n);
    const plain = bytes === null ? null : await this.options.seal.open(bytes, context);
    if (plain === null) return 'unreadable';
    // Only what opened counts, so that nobody uses up the numbers of others.
    if (!this.note(sender, run, n)) return null;
    const frames = unpadded(plain);
    return Array.isArray(frames) ? { run, frames } : null;
  }

  private note(sender: string, run: string, n: number): boolean {
    const known = this.senders.get(sender) ?? { run, highest: 0, seen: new Set(), past: new Set() };
    this.senders.set(sender, known);
    if (!isNew(known, run, n)) return false;
    if (known.run !== run) {
      known.past.add(known.run);
      for (const old of known.past) if (known.past.size > runsMost) known.past.delete(old);
      known.run = run;
      known.highest = 0;
      known.seen.clear();
    }
    known.seen.add(n);
    known.highest = Math.max(known.highest, n);
    for (const old of known.seen) if (old <= known.highest - windowSize) known.seen.delete(old);
    return true;
  }
}

function isNew({ run: current, highest, seen, past }: Sender, run: string, n: number): boolean {
  if (run !== current) return !past.has(run);
  return n > highest - windowSize && !seen.has(n);
}
