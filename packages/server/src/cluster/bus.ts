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
  close(): Promise<void>;
}

export interface BusReceiver {
  received(topic: string, envelope: Envelope): void;
  onProblem(stage: string, error: unknown): void;
}
