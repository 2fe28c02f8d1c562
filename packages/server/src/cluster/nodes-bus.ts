import type { Clock, Timer } from '@earshot/base';
import { type Bus, everyNode } from './bus.ts';
import type { Envelope, NodeEnvelope } from './envelope.ts';
import type { Answers, Nodes, Question } from './nodes.ts';

const answerWithinMs = 1_000;
/** Questions of this node that may be under way. */
const pendingMax = 1_000;
/** Questions of others that this node works on at one time. */
const answeringMax = 100;
/** More nodes than any cluster has: what a stranger on the bus makes up is not kept. */
const nodesMax = 1_000;

/** Plain numbers that the metrics read when they are asked. */
export interface NodesCounters {
  /** Questions that were not asked, or not answered, because too many were under way. */
  questionsDropped: number;
  /** Answers of nodes that did not come in time. */
  answersMissing: number;
}

interface Pending {
  /** Nodes that have not answered. */
  readonly waiting: Set<string>;
  readonly answers: Map<string, unknown>;
  readonly known: number;
  readonly timer: Timer;
  readonly resolve: (answers: Answers<unknown>) => void;
}

/** The nodes on one bus. What comes in on it is given to `received`, from before `join` on. */
export class BusNodes implements Nodes {
  readonly self = Buffer.from(crypto.getRandomValues(new Uint8Array(8))).toString('hex');
  readonly #bus: Bus;
  readonly #clock: Clock;
  readonly #leaseMs: number;
  readonly #counters: NodesCounters;
  readonly #onProblem: (stage: string, error: unknown) => void;
  /** Other nodes, and when each was last heard. */
  readonly #others = new Map<string, number>();
  readonly #answer = new Map<string, (data: unknown) => unknown>();
  readonly #joined: ((node: string) => void)[] = [];
  readonly #heard = new Map<string, (data: unknown, from: string) => void>();
  readonly #pending = new Map<number, Pending>();
  #asked = 0;
  #answering = 0;
  #beatTimer: Timer | null = null;
  #beatAt = 0;
  #closed = false;

  constructor(parts: {
    bus: Bus;
    clock: Clock;
    /** How long a silent node counts as there. */
    leaseMs: number;
    counters: NodesCounters;
    onProblem: (stage: string, error: unknown) => void;
  }) {
    this.#bus = parts.bus;
    this.#clock = parts.clock;
    this.#leaseMs = parts.leaseMs;
    this.#counters = parts.counters;
    this.#onProblem = parts.onProblem;
  }

  /** Becomes one of the nodes: begins to listen, and makes itself known. */
  async join(): Promise<void> {
    await Promise.all([this.#bus.listen(everyNode), this.#bus.listen(topicOf(this.self))]);
    if (this.#closed) return;
    this.#beatAt = this.#clock.monotonic();
    this.#beatTimer = this.#clock.every(this.#leaseMs / 3, () => this.#beat());
    this.#bus.relay(everyNode, { kind: 'alive', node: this.self, isNew: true });
  }

  all(): readonly string[] {
    return [this.self, ...this.#others.keys()];
  }

  ask<Data>(question: Question, timeoutMs = answerWithinMs): Promise<Answers<Data>> {
    const known = this.#others.size + 1;
    if (this.#closed || this.#pending.size >= pendingMax) {
      this.#counters.questionsDropped++;
      return Promise.resolve({ answers: [], known });
    }
    const { about, data } = question;
    const id = ++this.#asked;
    return new Promise((resolve) => {
      this.#pending.set(id, {
        waiting: new Set(this.all()),
        answers: new Map(),
        known,
        timer: this.#clock.after(timeoutMs, () => this.#settle(id)),
        resolve: resolve as Pending['resolve'],
      });
      if (known > 1)
        this.#bus.relay(everyNode, { kind: 'ask', node: this.self, id, about, data: data ?? null });
      void this.#work(about, data).then((worked) => this.#took(id, this.self, worked));
    });
  }

  answer(about: string, answer: (data: unknown) => unknown): void {
    this.#answer.set(about, answer);
  }

  tell(node: string | null, about: string, data: unknown): void {
    if (this.#closed) return;
    const topic = node === null ? everyNode : topicOf(node);
    this.#bus.relay(topic, { kind: 'told', node: this.self, about, data: data ?? null });
  }

  onJoined(joined: (node: string) => void): void {
    this.#joined.push(joined);
  }

  hear(about: string, heard: (data: unknown, from: string) => void): void {
    this.#heard.set(about, heard);
  }

  /** Takes what the bus brings; what is for nobody here is dropped. */
  received(envelope: Envelope): void {
    if (this.#closed || !isOfNodes(envelope) || envelope.node === this.self) return;
    if (envelope.kind === 'gone') {
      this.#forget(envelope.node);
      return;
    }
    if (!this.#saw(envelope.node)) return;
    switch (envelope.kind) {
      case 'alive':
        if (envelope.isNew) this.#relayTo(envelope.node, { kind: 'alive', node: this.self, isNew: false });
        break;
      case 'ask':
        void this.#answerTo(envelope.node, envelope.id, envelope.about, envelope.data);
        break;
      case 'answer':
        this.#took(envelope.id, envelope.node, envelope.has ? { data: envelope.data } : null);
        break;
      case 'told':
        this.#hearTold(envelope.about, envelope.data, envelope.node);
        break;
    }
  }

  /** Says goodbye, and settles what was asked with what has come. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const wasHere = this.#beatTimer !== null;
    this.#beatTimer?.cancel();
    for (const id of [...this.#pending.keys()]) this.#settle(id);
    if (!wasHere) return;
    this.#bus.relay(everyNode, { kind: 'gone', node: this.self });
    this.#bus.leave(topicOf(this.self));
  }

  #beat(): void {
    const now = this.#clock.monotonic();
    this.#bus.relay(everyNode, { kind: 'alive', node: this.self, isNew: false });
    // Whoever was held up itself has not heard the others either, and must not take them for dead.
    const wasHeldUp = now - this.#beatAt > (this.#leaseMs * 2) / 3;
    this.#beatAt = now;
    if (wasHeldUp) return;
    for (const [node, seenAt] of this.#others) if (now - seenAt > this.#leaseMs) this.#forget(node);
  }

  /** @returns false when it is one too many to keep */
  #saw(node: string): boolean {
    const isNew = !this.#others.has(node);
    if (isNew && this.#others.size >= nodesMax) return false;
    this.#others.set(node, this.#clock.monotonic());
    if (isNew) for (const joined of this.#joined) this.#guard('that a node joined', () => joined(node));
    return true;
  }

  #forget(node: string): void {
    if (!this.#others.delete(node)) return;
    for (const [id, pending] of this.#pending) {
      if (pending.waiting.delete(node) && pending.waiting.size === 0) this.#settle(id);
    }
  }

  /** One answer of each node counts, of those that were asked: a node that comes later is not waited for. */
  #took(id: number, node: string, worked: { data: unknown } | null): void {
    const pending = this.#pending.get(id);
    if (pending === undefined || !pending.waiting.delete(node)) return;
    if (worked !== null) pending.answers.set(node, worked.data);
    if (pending.waiting.size === 0) this.#settle(id);
  }

  #settle(id: number): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    pending.timer.cancel();
    this.#counters.answersMissing += pending.waiting.size;
    const answers = [...pending.answers].map(([node, data]) => ({ node, data }));
    pending.resolve({ answers, known: pending.known });
  }

  async #answerTo(node: string, id: number, about: string, data: unknown): Promise<void> {
    if (this.#answering >= answeringMax) {
      this.#counters.questionsDropped++;
      return;
    }
    this.#answering++;
    const worked = await this.#work(about, data);
    this.#answering--;
    if (this.#closed) return;
    const has = worked !== null;
    this.#relayTo(node, { kind: 'answer', node: this.self, id, has, data: has ? worked.data : null });
  }

  /** @returns null when nobody here knows about it, or whoever does has failed */
  async #work(about: string, data: unknown): Promise<{ data: unknown } | null> {
    const answer = this.#answer.get(about);
    if (answer === undefined) return null;
    try {
      return { data: (await answer(data)) ?? null };
    } catch (error) {
      this.#onProblem(`nodes: a question about ${about} could not be answered`, error);
      return null;
    }
  }

  #hearTold(about: string, data: unknown, from: string): void {
    this.#guard(`what was told about ${about}`, () => this.#heard.get(about)?.(data, from));
  }

  #guard(what: string, take: () => void): void {
    try {
      take();
    } catch (error) {
      this.#onProblem(`nodes: ${what} could not be taken`, error);
    }
  }

  #relayTo(node: string, envelope: NodeEnvelope): void {
    this.#bus.relay(topicOf(node), envelope);
  }
}

/** What is for one node only. Topics of channels begin with a number. */
function topicOf(node: string): string {
  return `node/${node}`;
}

function isOfNodes(envelope: Envelope): envelope is NodeEnvelope {
  return 'node' in envelope;
}
