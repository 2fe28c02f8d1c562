import { messagesFrame, quoted } from '@earshot/protocol';
import { EventBatch } from './event-batch.ts';

const encoder = new TextEncoder();

/** What is written, and how long it is to a client that reads text. */
export interface Encoded {
  readonly bytes: Uint8Array;
  readonly characters: number;
}

/** A message that several clients wait for, quoted once for all of them. */
export class SharedMessage {
  readonly text: string;
  #quoted: string | null = null;

  constructor(text: string) {
    this.text = text;
  }

  /** As an element of a SockJS array. */
  get quoted(): string {
    this.#quoted ??= quoted(this.text);
    return this.#quoted;
  }
}

/**
 * Messages that wait for a client, the newest one and a link to those before it. Clients that wait for the same messages
 * share the chain, and so the bytes that are written to them.
 */
export class Chain {
  readonly before: Chain | null;
  readonly message: SharedMessage;
  readonly length: number;
  readonly characters: number;
  #sockJs: Encoded | null = null;
  #events: EventBatch | null = null;

  constructor(before: Chain | null, message: SharedMessage) {
    this.before = before;
    this.message = message;
    this.length = (before?.length ?? 0) + 1;
    this.characters = (before?.characters ?? 0) + message.text.length;
  }

  /** All messages of the chain, oldest first. */
  messages(): SharedMessage[] {
    const messages = new Array<SharedMessage>(this.length);
    let index = this.length;
    for (let link: Chain | null = this; link !== null; link = link.before) messages[--index] = link.message;
    return messages;
  }

  /** `a["…","…"]` and a line feed. */
  get sockJs(): Encoded {
    if (this.#sockJs === null) {
      const text = messagesFrame(this.messages().map((message) => message.quoted));
      this.#sockJs = { bytes: encoder.encode(text), characters: text.length };
    }
    return this.#sockJs;
  }

  /** As server-sent events, whose ids are still to be filled in. */
  get events(): EventBatch {
    this.#events ??= new EventBatch(this.messages().map((message) => message.text));
    return this.#events;
  }
}
