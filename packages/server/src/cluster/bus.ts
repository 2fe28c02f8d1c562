import type { Envelope, EventEnvelope } from './envelope.ts';

/** The topic that every node hears. */
export const everyNode = '*';

/**
 * Carries envelopes between nodes, at most once.
 *
 * What a fulfilment owes (`bus.contract.ts`): an envelope reaches every *other* node that listens to its topic, and
 * never comes back to the sender; those of one topic from one node arrive in the order in which they were relayed; a
 * node that does not listen gets nothing. If the broker is away, `relay` drops, counts and says so through `onProblem`;
 * it never throws and never blocks local delivery.
 */
export interface Bus {
  /** Resolves when this node hears `topic`: what another node relays after that is not missed. */
  listen(topic: string): Promise<void>;
  leave(topic: string): void;
  relay(topic: string, envelope: Envelope): void;
  /**
   * Resolves when this node has received all that others had relayed before they asked the same. So what one node relays, and then
   * asks, comes everywhere before what another relays that asks first.
   * @returns null where there is nothing to wait for: a node alone, or a bus that orders the relays of each node only
   */
  ordered(): Promise<void> | null;
  /**
   * Relays an event of a cache channel, in order with `relay`, and makes it the newest in the cache (`event-cache.ts`), in one
   * step: whoever listens, then asks the cache, then waits for `caughtUp`, has it from the cache or was handed it.
   * Resolves when it is kept.
   */
  keep(topic: string, envelope: EventEnvelope): Promise<void>;
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
