import type { Id } from './names.ts';

/** Bounds of live rooms that both sides keep. */
export const liveLimits = {
  fadeSecondsLeast: 1,
  fadeSecondsMost: 30,
  fadeSecondsDefault: 2.5,
  /** A picture with what sealing adds. */
  pictureBytes: 1_600_000,
  /** How long pictures can be fetched. */
  pictureSecondsMost: 60,
  pictureSecondsDefault: 30,
} as const;

/** Somebody is in a live room. */
export interface LiveEntry {
  /** Random, of this stay: the `user_id` on the channel. */
  readonly participant: Id;
  /** 0, 1, 2, … below `limit`; the first one that is free. */
  readonly lane: number;
  /** Proves the stay. Handed in again it brings the same lane back, unless that is taken or its holder still connected. */
  readonly token: string;
  /** The presence channel on which all is said. */
  readonly channel: string;
  /** The door's channel, for the room's maker. */
  readonly makerChannel: string | null;
  readonly options: { readonly noTakeBacks: boolean; readonly fadeSeconds: number };
  /** By the server's clock, which says `now`. */
  readonly expiresAt: number;
  readonly now: number;
  readonly limit: number;
  /** How clients of the app reach the channel server. */
  readonly realtime: {
    readonly key: string;
    readonly host: string;
    readonly port: number;
    readonly tls: boolean;
    readonly path: string;
  };
}

/** Info of a member of a live room's channel. */
export interface LiveInfo {
  readonly lane: number;
}
