import { textOf } from '../link/frames.ts';
import type { Link } from '../link/link.ts';
import type { Bus, BusReceiver } from './bus.ts';
import { decodeEnvelope, type Envelope, type EventEnvelope, encodeEnvelope } from './envelope.ts';

/** Between workers, which are of one version (`workers/desk.ts`), an event goes without being encoded once more. */
function encodeEvent({ frame, except, cacheMs }: EventEnvelope): string {
  return `${cacheMs} ${except ?? ''}\n${frame}`;
}

/** Other envelopes are JSON, an array. */
function decodeRelayed(text: string): Envelope | null {
  if (text.startsWith('[')) return decodeEnvelope(text);
  const space = text.indexOf(' ');
  const end = text.indexOf('\n', space);
  const except = end - space > 1 ? text.slice(space + 1, end) : null;
  return { kind: 'event', frame: text.slice(end + 1), except, cacheMs: Number(text.slice(0, space)) };
}

/** A worker's end: the supervisor takes each envelope to the workers that listen. */
export class WorkersBus implements Bus {
  readonly #link: Link;
  /** What this worker listens to, and whether the supervisor has said that it does. */
  readonly #topics = new Map<string, { isHeard: boolean }>();

  constructor(link: Link, receiver: BusReceiver) {
    this.#link = link;
    link.onRelay((frame) => {
      const { topic } = frame;
      // Under way when this worker left, perhaps to listen anew.
      if (this.#topics.get(topic)?.isHeard !== true) return;
      const envelope = decodeRelayed(textOf(frame));
      if (envelope === null) receiver.onProblem('bus: an envelope of an unknown format was dropped', null);
      else receiver.received(topic, envelope);
    });
  }

  listen(topic: string): Promise<void> {
    const listening = this.#topics.get(topic) ?? { isHeard: false };
    this.#topics.set(topic, listening);
    return this.#link.askInTurn('bus.listen', topic, () => {
      listening.isHeard = true;
    });
  }

  leave(topic: string): void {
    if (this.#topics.delete(topic)) this.#link.note('bus.leave', topic);
  }

  relay(topic: string, envelope: Envelope): void {
    this.#link.relay(topic, encodeEnvelope(envelope));
  }

  /**
   * The order of all is that in which the supervisor passes events on. What one turn sends arrives there in one piece, the event
   * and what the cache keeps of it.
   */
  publish(topic: string, envelope: EventEnvelope, deliver: () => void): Promise<void> {
    const placed = new Promise<void>((resolve) => {
      this.#link.relayInOrder(topic, encodeEvent(envelope), () => {
        try {
          deliver();
        } finally {
          resolve();
        }
      });
    });
    if (envelope.cacheMs === 0) return placed;
    return this.#link.ask('cache.set', [topic, envelope.frame, envelope.cacheMs]);
  }

  caughtUp(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    for (const topic of this.#topics.keys()) this.leave(topic);
    this.#link.onRelay(() => {});
    return Promise.resolve();
  }
}

/** The supervisor's side: who listens to what. Envelopes pass through as they are. */
export class BusSwitch {
  readonly #listeners = new Map<string, Set<Link>>();

  /** Channels that some worker has. A pass over all topics, for the metrics. */
  get channels(): number {
    let count = 0;
    // Those of channels begin with the id of their app; all others are the nodes' own.
    for (const topic of this.#listeners.keys()) if (/^\d+\//.test(topic)) count++;
    return count;
  }

  attach(link: Link): void {
    const topics = new Set<string>();
    link.on<string>('bus.listen', (topic) => {
      topics.add(topic);
      const listeners = this.#listeners.get(topic);
      if (listeners === undefined) this.#listeners.set(topic, new Set([link]));
      else listeners.add(link);
    });
    link.on<string>('bus.leave', (topic) => this.#leave(link, topics, topic));
    link.onRelay((frame) => {
      const listeners = this.#listeners.get(frame.topic);
      if (listeners !== undefined) for (const to of listeners) if (to !== link) to.forward(frame);
    });
    link.onClose(() => {
      for (const topic of topics) this.#leave(link, topics, topic);
    });
  }

  #leave(link: Link, topics: Set<string>, topic: string): void {
    topics.delete(topic);
    const listeners = this.#listeners.get(topic);
    if (listeners?.delete(link) && listeners.size === 0) this.#listeners.delete(topic);
  }
}
