import type { Clock, Timer } from '@earshot/base';
import type { Channel, Listener, Pending } from './channel.ts';

/** Writes one frame to everybody in a topic; the transports fulfil it (`transports/topics.ts`). */
export interface Topics {
  publish(topic: string, frame: string): void;
}

/**
 * A busy channel is written at most once in a window, so an event waits for less than that. Where writing to all subscribers
 * keeps a loop busy for longer than two thirds of the shortest window, the window grows with it: a loop that is full makes
 * everybody wait longer than any window.
 */
export const windowMinMs = 7;
/** What an event waits for is its window and the writing after it; both together may be this many times the writing. */
const waitPerWriting = 2.5;
/** Beyond this the window does not grow. */
const writingMaxMs = 20 / 3;

/**
 * The window of one of several processes that have a channel's subscribers among them. Each has its part of the writing and is
 * done sooner; the window may be longer by that, so an event waits as long as with one process, and costs all of them
 * together as little.
 * @param busyMs how long writing to its own part keeps the loop of this one busy
 */
export function windowMsOf(busyMs: number, processes: number): number {
  const writingMs = Math.min(busyMs * processes, writingMaxMs);
  const windowMs = writingMs * (waitPerWriting - 1 / processes);
  return Math.max(windowMinMs, Math.round(windowMs));
}

/** How much one measurement of the loop counts. */
const busyWeight = 0.1;
/** What waits is written at the latest when it is this much. */
const pendingFramesMax = 32;
const pendingCharactersMax = 256 * 1024;
/** A pause counts as at most this, so that a channel that wakes up is recognised as busy after about ten events. */
const gapSampleMaxMs = 100;
const gapWeight = 0.25;

/** Plain numbers that the metrics read when they are asked. */
export interface FanOutStats {
  /** Events handed to fan-out. */
  events: number;
  /** Events × subscribers. */
  deliveries: number;
  /** Characters × subscribers; frames are nearly always ASCII, where this is bytes. */
  deliveredCharacters: number;
  /** Events that shared a write with an earlier one. */
  coalesced: number;
  /** Upper bounds are `fanOutBucketsMs`; the last slot is everything above. */
  readonly durations: Float64Array;
  durationSumMs: number;
}

export const fanOutBucketsMs = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100] as const;

/**
 * Delivers a node's events to its subscribers.
 *
 * A write costs more than the bytes in it. So a channel whose events come faster than one per window is written
 * once in a window: an event that comes when the window is over goes out at once, the others wait for the rest
 * of it and share a write. A channel with fewer events is always written at once, because waiting would gain nothing.
 * What waits is a list of steps in the order of acceptance. A new subscriber is one of the steps: it enters
 * the topic after the events that were accepted before it, which is what keeps COAL-1 to COAL-5 (docs/protocol.md)
 * true without flushing at every join.
 */
export class FanOut {
  readonly stats: FanOutStats = {
    events: 0,
    deliveries: 0,
    deliveredCharacters: 0,
    coalesced: 0,
    durations: new Float64Array(fanOutBucketsMs.length + 1),
    durationSumMs: 0,
  };
  readonly #topics: Topics;
  readonly #clock: Clock;
  readonly #processes: () => number;
  readonly #pendingChannels = new Set<Channel>();
  #timer: Timer | null = null;
  #windowMs = windowMinMs;
  /** How long writing keeps the loop busy, on average; and whether that is being measured. */
  #busyMs = 0;
  #isMeasured = false;

  /** @param processes how many of this machine have the subscribers of a channel among them */
  constructor(topics: Topics, clock: Clock, processes: () => number = () => 1) {
    this.#topics = topics;
    this.#clock = clock;
    this.#processes = processes;
  }

  /** Hands `frame` to all subscribers of `channel` but `except`. */
  deliver(channel: Channel, frame: string, except: Listener | null): void {
    this.stats.events++;
    this.stats.deliveries += channel.subscriptions;
    this.stats.deliveredCharacters += channel.subscriptions * frame.length;
    const now = this.#clock.monotonic();
    const gap = Math.min(now - channel.lastEventAt, gapSampleMaxMs);
    channel.lastEventAt = now;
    channel.averageGapMs =
      channel.averageGapMs === Number.POSITIVE_INFINITY
        ? gap
        : channel.averageGapMs + gapWeight * (gap - channel.averageGapMs);
    const pending = channel.pending;
    if (pending !== null) {
      this.stats.coalesced++;
      this.#append(channel, pending, frame, except);
      return;
    }
    const isBusy = channel.averageGapMs <= this.#windowMs;
    if (isBusy) this.#arm();
    if (isBusy && now - channel.writtenAt < this.#windowMs) {
      this.#append(channel, this.#begin(channel), frame, except);
    } else {
      channel.writtenAt = now;
      this.#write(channel, frame, except);
      this.#measure(now);
    }
  }

  /** `listener` gets what is delivered to `channel` after this call, and nothing from before it. */
  enter(channel: Channel, listener: Listener): void {
    if (channel.pending === null) listener.enterTopic(channel.topic);
    else channel.pending.steps.push({ enter: listener });
  }

  /** `listener` gets what was delivered to `channel` before this call, and nothing after it. */
  exit(channel: Channel, listener: Listener): void {
    this.flush(channel);
    listener.leaveTopic(channel.topic);
  }

  /** Writes what waits for `channel`, in one tick, so that each subscriber gets it in one write. */
  flush(channel: Channel): void {
    const pending = channel.pending;
    if (pending === null) return;
    channel.pending = null;
    this.#pendingChannels.delete(channel);
    const start = this.#clock.monotonic();
    for (const step of pending.steps) {
      if ('enter' in step) step.enter.enterTopic(channel.topic);
      else this.#write(channel, step.frame, step.except);
    }
    channel.writtenAt = this.#clock.monotonic();
    // What comes next has its whole window, also when this was written before its own was over.
    if (this.#pendingChannels.size === 0) this.#disarm();
    this.#arm();
    this.#measure(start);
    this.#measureLoop(start);
  }

  /** Drops what waits for a channel that has no subscribers any more: the next ones must not get it. */
  forget(channel: Channel): void {
    channel.pending = null;
    this.#pendingChannels.delete(channel);
  }

  /** Writes what waits for any of `channels`; to be called before anything is sent to their subscriber directly. */
  flushFor(channels: ReadonlyMap<string, Channel>): void {
    if (this.#pendingChannels.size === 0 || channels.size === 0) return;
    if (channels.size < this.#pendingChannels.size) {
      for (const channel of channels.values()) this.flush(channel);
    } else {
      for (const channel of this.#pendingChannels) {
        if (channels.get(channel.name.name) === channel) this.flush(channel);
      }
    }
  }

  flushAll(): void {
    for (const channel of this.#pendingChannels) this.flush(channel);
  }

  #begin(channel: Channel): Pending {
    const pending: Pending = { steps: [], frames: 0, bytes: 0 };
    channel.pending = pending;
    this.#pendingChannels.add(channel);
    return pending;
  }

  #append(channel: Channel, pending: Pending, frame: string, except: Listener | null): void {
    pending.steps.push({ frame, except });
    pending.frames++;
    pending.bytes += frame.length;
    if (pending.frames >= pendingFramesMax || pending.bytes >= pendingCharactersMax) this.flush(channel);
  }

  #write(channel: Channel, frame: string, except: Listener | null): void {
    if (except === null) this.#topics.publish(channel.topic, frame);
    else except.publishToOthers(channel.topic, frame);
  }

  /**
   * Sees to it that what waits is written a window from now at the latest. One timer serves all channels, so some go out
   * earlier than they need. It is set at a write, before anything waits again: timers count whole milliseconds, and
   * what is left of a window would be rounded each time.
   */
  #arm(): void {
    this.#timer ??= this.#clock.after(this.#windowMs, () => {
      this.#timer = null;
      this.flushAll();
    });
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** Learns how long the loop is busy with what was written from `start` on. */
  #measureLoop(start: number): void {
    if (this.#isMeasured) return;
    this.#isMeasured = true;
    this.#clock.nextTurn(() => {
      this.#isMeasured = false;
      this.#busyMs += busyWeight * (this.#clock.monotonic() - start - this.#busyMs);
      this.#windowMs = windowMsOf(this.#busyMs, this.#processes());
    });
  }

  #measure(start: number): void {
    const durationMs = this.#clock.monotonic() - start;
    this.stats.durationSumMs += durationMs;
    let bucket = 0;
    while (bucket < fanOutBucketsMs.length && durationMs > (fanOutBucketsMs[bucket] as number)) bucket++;
    (this.stats.durations[bucket] as number)++;
  }
}
