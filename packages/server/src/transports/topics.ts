import type { Topics } from '../channels/fanout.ts';

/** Publishes to all transports of this node; each of them is a `Topics` over its own sockets. */
export class AllTopics implements Topics {
  readonly #transports: Topics[] = [];

  add(transport: Topics): void {
    this.#transports.push(transport);
  }

  /** Its listener has ended. */
  remove(transport: Topics): void {
    const at = this.#transports.indexOf(transport);
    if (at !== -1) this.#transports.splice(at, 1);
  }

  publish(topic: string, frame: string): void {
    for (const transport of this.#transports) transport.publish(topic, frame);
  }

  /** Publishes to all but `own`, which leaves one of its own sockets out and so publishes there itself. */
  publishBeside(own: Topics, topic: string, frame: string): void {
    for (const transport of this.#transports) if (transport !== own) transport.publish(topic, frame);
  }
}
