/** A question that one node asks all nodes; each part that answers one knows its own data. */
export interface Question {
  /** Which part answers: `figures`, `connections`, `connection`, … */
  readonly about: string;
  /** JSON. */
  readonly data: unknown;
}

/** What came back within the time. A node that is slow or dying is left out rather than waited for. */
export interface Answers<Data> {
  /** At most one of each node. `data` is what a node says, of whatever version it is: to be looked at before it is used. */
  readonly answers: readonly { readonly node: string; readonly data: Data }[];
  /** Nodes that are there, this one included. */
  readonly known: number;
}

/**
 * The nodes of the cluster, and questions to all of them. Works over any bus: each node tells that it lives every few
 * seconds, and one that was silent for the length of a lease is gone.
 */
export interface Nodes {
  /** This node's own id, new at each start. */
  readonly self: string;
  /** Ids of all nodes, this one included. */
  all(): readonly string[];
  /**
   * Asks all nodes, this one included, and waits at most `timeoutMs` (1,000 by default) for what they say. Never rejects.
   * With 1,000 questions under way nobody is asked any more, and there are no answers.
   */
  ask<Data>(question: Question, timeoutMs?: number): Promise<Answers<Data>>;
  /** This node answers questions about `about`. What it throws is reported and not answered. */
  answer(about: string, answer: (data: unknown) => unknown | Promise<unknown>): void;
  /** Tells one other node, or with null all others, what needs no answer; once or, where the bus drops it, not at all. */
  tell(node: string | null, about: string, data: unknown): void;
  /** Says which node has come, or has come back: what was told to all before, it has not heard. */
  onJoined(joined: (node: string) => void): void;
  /** Takes what other nodes tell about `about`. What it throws is reported. */
  hear(about: string, heard: (data: unknown, from: string) => void): void;
  close(): Promise<void>;
}
