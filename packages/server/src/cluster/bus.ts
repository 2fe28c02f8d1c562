import type { Envelope } from './envelope.ts';

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
   * Resolves when this node has received all that others had relayed and caught up after. So what one node relays, and then
   * catches up, comes everywhere before what another relays that catches up first.
   * @returns null where there is nothing to wait for: a node alone, or a bus that orders the relays of each node only
   */
  caughtUp(): Promise<void> | null;
  close(): Promise<void>;
}

export interface BusReceiver {
  received(topic: string, envelope: Envelope): void;
  onProblem(stage: string, error: unknown): void;
}
