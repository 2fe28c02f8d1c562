import type { Bus, BusReceiver } from './bus.ts';
import { decodeEnvelope, type Envelope, type EventEnvelope, encodeEnvelope } from './envelope.ts';
import type { MemoryEventCache } from './event-cache-memory.ts';

/** Joins nodes of one process. A node alone is on one too: it relays to the no one else there is. */
export class MemoryBusNetwork {
  readonly #listeners = new Map<string, Set<MemoryBus>>();
  readonly #cache: MemoryEventCache | null;

  /** @param cache where events of cache channels are kept; without one they are relayed alone */
  constructor(cache: MemoryEventCache | null = null) {
    this.#cache = cache;
  }

  connect(receiver: BusReceiver): Bus {
    return new MemoryBus(this.#listeners, this.#cache, receiver);
  }
}

class MemoryBus implements Bus {
  readonly #network: Map<string, Set<MemoryBus>>;
  readonly #cache: MemoryEventCache | null;
  readonly #receiver: BusReceiver;
  readonly #topics = new Set<string>();

  constructor(network: Map<string, Set<MemoryBus>>, cache: MemoryEventCache | null, receiver: BusReceiver) {
    this.#network = network;
    this.#cache = cache;
    this.#receiver = receiver;
  }

  listen(topic: string): Promise<void> {
    this.#topics.add(topic);
    const listeners = this.#network.get(topic);
    if (listeners === undefined) this.#network.set(topic, new Set([this]));
    else listeners.add(this);
    return Promise.resolve();
  }

  leave(topic: string): void {
    this.#topics.delete(topic);
    const listeners = this.#network.get(topic);
    if (listeners?.delete(this) && listeners.size === 0) this.#network.delete(topic);
  }

  relay(topic: string, envelope: Envelope): void {
    const listeners = this.#network.get(topic);
    if (listeners === undefined || (listeners.size === 1 && listeners.has(this))) return;
    const text = encodeEnvelope(envelope);
    for (const bus of listeners) if (bus !== this) bus.#receive(topic, text);
  }

  publish(topic: string, envelope: EventEnvelope, deliver: () => void): Promise<void> | null {
    deliver();
    this.relay(topic, envelope);
    if (envelope.cacheMs === 0 || this.#cache === null) return null;
    return this.#cache.set(topic, envelope.frame, envelope.cacheMs);
  }

  caughtUp(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    for (const topic of this.#topics) this.leave(topic);
    return Promise.resolve();
  }

  #receive(topic: string, text: string): void {
    const envelope = decodeEnvelope(text);
    if (envelope === null)
      this.#receiver.onProblem('bus: an envelope of an unknown format was dropped', null);
    else this.#receiver.received(topic, envelope);
  }
}
