import type { EmbedOptions } from './options.ts';

/** What the part that is there from the start gives to the part that comes when somebody wants to chat. */
export interface PanelHost {
  /** The widget's root. The launcher is in it already. */
  readonly root: ShadowRoot;
  readonly options: EmbedOptions;
  /** The round button, where it is shown: the keyboard goes back there on closing. */
  readonly launcher: HTMLElement | null;
  /** The panel was opened or closed from within, or the number of unread messages changed. */
  readonly tell: (told: Told) => void;
}

export type Told =
  | { readonly type: 'open'; readonly value: boolean }
  | { readonly type: 'unread'; readonly value: number }
  /** Somebody signed in, or nobody is signed in any more. */
  | { readonly type: 'person'; readonly value: { readonly id: string; readonly name: string } | null };

/** Things that a page can ask for by `Earshot(name, …)` once there is a panel. */
export type PanelCommand =
  | { readonly name: 'open' | 'close' | 'sign-out'; readonly value?: undefined }
  /** The host's user is another one now, or nobody. */
  | { readonly name: 'user'; readonly value: EmbedOptions['user'] }
  | { readonly name: 'room'; readonly value: EmbedOptions['room'] }
  /** Opens a conversation by its id. */
  | { readonly name: 'conversation'; readonly value: string };

export interface Panel {
  run(command: PanelCommand): void;
  /** Takes everything away: sockets, listeners, nodes. */
  stop(): void;
}

/** The module that is loaded late: the panel itself, or the frame around it. */
export interface PanelModule {
  start(host: PanelHost): Promise<Panel>;
}
