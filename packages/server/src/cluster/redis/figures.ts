/** What `/metrics` shows of one end of a connection to the brokers. Plain numbers that are added to. */
export interface Figures {
  /** Servers that answer now. */
  connected: number;
  /** Events that other nodes did not get because a broker was away. */
  dropped: number;
  /** Messages on our channels that are not ours. */
  foreign: number;
  /** Times that a lost server came back. */
  reconnects: number;
  /** Way of the latest beacon, to the broker and back. */
  lagMs: number;
  /** Times that this node had to report anew what it holds. */
  rejoins: number;
  /** Operations of the roster that a server refused. */
  refused: number;
}

export function newFigures(): Figures {
  return { connected: 0, dropped: 0, foreign: 0, reconnects: 0, lagMs: 0, rejoins: 0, refused: 0 };
}
