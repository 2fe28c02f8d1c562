import type { Answer } from '../client/answer.ts';
import type { SocketState } from '../client/socket.ts';
import type { Problem } from '../store/problem.ts';

/** What the page of a live room shows, and what can be done there. Everything in it is replaced, never changed in place. */
export interface LiveState {
  readonly phase: LivePhase;
  /** Why it is `failed` or `retrying`. */
  readonly problem: Problem | null;
  readonly connection: SocketState;
  /** When the connection is tried again, null while it is being tried. */
  readonly retryAt: number | null;
  /** The connection has no WebSocket: what is typed comes in larger pieces. */
  readonly slowTransport: boolean;
  /** Null until I am in. */
  readonly room: LiveRoom | null;
  /** Null until a name has been given: ask for it. Kept for the tab, also over rooms. Empty: without a name. */
  readonly name: string | null;
  /** Null until I am in. */
  readonly me: LivePerson | null;
  /** The others by lane; who has left stays for a few seconds with `presence: 'gone'`. */
  readonly others: readonly LivePerson[];
  readonly fade: LiveFade;
  /** What the input has to show now; see `LiveActions.type`. */
  readonly input: string;
  /** What nobody but the room's maker hears; null for everybody else. */
  readonly door: LiveDoor | null;
  /** Phrases to read out, oldest first: each when its writer pauses. They go after a few seconds. */
  readonly phrases: readonly LivePhrase[];
  /** Pictures that I have sent and that are not on their way yet, or failed. */
  readonly sending: readonly LiveSending[];
}

export type LivePhase =
  /** Asking to be let in. */
  | 'entering'
  | 'open'
  /** As many are in as may be. It is asked again every few seconds, and the maker hears of it. */
  | 'full'
  /** Could not ask (network, limits); tried again by itself. */
  | 'retrying'
  /** There is no such room, or no longer. Looks the same. */
  | 'gone'
  /** The address has no key after `#`: it was copied in part. */
  | 'no_key'
  /** I have left; `enter` comes back. */
  | 'left'
  /** Not going to work, see `problem`. */
  | 'failed';

export interface LiveRoom {
  /** Without corrections: what was typed stays until it fades. */
  readonly noTakeBacks: boolean;
  /** Seconds from a character's arrival until it begins to fade. */
  readonly fadeSeconds: number;
  /** At the latest then it ends. */
  readonly expiresAt: number;
  /** As many people at most. */
  readonly limit: number;
}

export interface LivePerson {
  /** Random, of this stay in the room. */
  readonly id: string;
  /** 0, 1, 2, … below the room's limit. */
  readonly lane: number;
  /** Index of a colour, 0 to 15; the lane unless somebody chose another. */
  readonly colour: number;
  /** Null: not known yet. Empty: gave none. */
  readonly name: string | null;
  /** `away`: their page is not on the screen, so they cannot read. */
  readonly presence: 'here' | 'away' | 'gone';
  /** What stands in their lane, in reading order. */
  readonly text: readonly LiveGrapheme[];
  readonly pictures: readonly LivePicture[];
  /** What they send cannot be read: their key is another one. */
  readonly unreadable: boolean;
  /** What came is incomplete and is being healed; what is shown may be out of date. */
  readonly healing: boolean;
}

/** One character as people count them. */
export interface LiveGrapheme {
  /** Unique in its lane and never used again: a key for lists. */
  readonly key: number;
  readonly text: string;
  /** 1 until it begins to fade, then down to 0 in tenths. It goes from the list when it would be 0. */
  readonly opacity: number;
}

export interface LivePicture {
  readonly key: string;
  /** The decrypted picture, always a still or moving raster picture. The page makes an address of it and gives that back. */
  readonly blob: Blob;
  readonly width: number;
  readonly height: number;
  /** As `LiveGrapheme.opacity`. */
  readonly opacity: number;
}

export interface LivePhrase {
  readonly key: number;
  readonly person: string;
  readonly text: string;
}

/** For oneself alone. */
export interface LiveFade {
  /** `slow`: ten times as long. */
  readonly mode: 'normal' | 'slow' | 'off';
  /** The screen is held: nothing ages until it is let go. */
  readonly held: boolean;
  /** Reduced motion: opacity is 1 until the end. */
  readonly reduced: boolean;
}

export interface LiveDoor {
  /** How many have come in since the room was opened here. */
  readonly came: number;
  /** How many were refused because the room was full. */
  readonly refused: number;
  /** Somebody stands at the door of the full room at this moment. */
  readonly waiting: boolean;
}

export interface LiveSending {
  readonly key: string;
  readonly problem: Problem | null;
}

export interface LiveActions {
  /**
   * What my input holds now, after each `input` event: the whole text, never single keys. `attachInput` does this for an
   * element, and keeps the element's text equal to `LiveState.input`.
   * @param composing an input method is at work: what it has put in may still change
   * @returns what the input has to hold (differs when something may not be taken back, or is too long)
   */
  type(text: string, composing: boolean): string;
  /** Takes what has faded out of the input. Not while an input method is at work. @returns what the input has to hold */
  takeFaded(): string;
  /** Kept for the tab. */
  setName(name: string): void;
  setColour(colour: number): void;
  hold(held: boolean): void;
  setFade(mode: LiveFade['mode']): void;
  /** What the person's device asks for. */
  setReducedMotion(reduced: boolean): void;
  /** @param picture re-encoded already, at most `livePictureBytes` */
  sendPicture(picture: { readonly blob: Blob; readonly width: number; readonly height: number }): void;
  dropSending(key: string): void;
  leave(): void;
  /** Comes in again after `leave`, or does not wait for the next try. */
  enter(): void;
}

export interface LiveStore {
  readonly actions: LiveActions;
  state(): LiveState;
  /** @param listener called after each change, at most once in a turn of the event loop. @returns how to stop */
  subscribe(listener: () => void): () => void;
  /** The page goes. */
  stop(): void;
}

/** What is asked of whoever starts a room. */
export interface LiveOptions {
  readonly noTakeBacks: boolean;
  /** 1 to 30. */
  readonly fadeSeconds: number;
}

/** Starts a room; its address is `/live/{room}{fragment}`. Nothing is entered yet. */
export type StartLive = (options: LiveOptions) => Promise<Answer<StartedLive>>;

export interface StartedLive {
  readonly room: string;
  /** `#k=…&c=…`: the key, which no server hears. */
  readonly fragment: string;
}

/** Bytes of a picture before it is encrypted. */
export const livePictureBytes = 1_500_000;
