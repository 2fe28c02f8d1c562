import type { Envelope, EventEnvelope } from './envelope.ts';

/** The topic that every node hears. */
export const everyNode = '*';

/**
 * Carries envelopes between nodes, at most once.
 *
 * What a fulfilment owes (`bus.contract.ts`): an envelope reaches every *other* node that listens to its topic, and
 * never comes back to the sender; those of one topic from one node arrive in the order in which they were relayed; a
 * node that does not listen gets nothing. If the broker is away, `relay` and `publish` drop, count and say so through `onProblem`;
 * they never throw and never block local delivery.
 */
export interface Bus {
  /** Resolves when this node hears `topic`: what another node relays after that is not missed. */
  listen(topic: string): Promise<void>;
  leave(topic: string): void;
  relay(topic: string, envelope: Envelope): void;
  /**
   * Relays an event, in order with `relay`, and calls `deliver` once, for the subscribers of this node. Where the bus knows one
   * order of what all nodes publish, `deliver` is called at the event's place in it, so that an event which is published after
   * this one has settled comes after it on every node; elsewhere at once. An event with a time to keep becomes the newest in
   * the cache (`event-cache.ts`) in the same step: whoever listens, then asks the cache, then waits for `caughtUp`, has it
   * from the cache or was handed it.
   * @returns null when the event is delivered here and is not to be kept; otherwise resolves when it is delivered and kept
   */
  publish(topic: string, envelope: EventEnvelope, deliver: () => void): Promise<void> | null;
  /** Resolves when what was relayed to the topic before has been received here, or is lost. */
  caughtUp(topic: string): Promise<void>;
  close(): Promise<void>;
}

export interface BusReceiver {
  received(topic: string, envelope: Envelope): void;
  /** A broker is back, and what was relayed to these topics meanwhile may have been missed. */
  missed?(topics: ReadonlySet<string>): void;
  onProblem(stage: string, error: unknown): void;
}
