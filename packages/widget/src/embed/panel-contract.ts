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
  | { readonly type: 'open'; readonly open: boolean }
  | { readonly type: 'unread'; readonly count: number }
  /** Somebody signed in (id and name), or nobody is signed in any more. */
  | { readonly type: 'person'; readonly person: { readonly id: string; readonly name: string } | null };

/** Things that a page can ask for by `Earshot(name, …)` once there is a panel. */
export type PanelCommand =
  | { readonly name: 'open' | 'close' | 'sign-out' }
  /** The host's user is another one now, or nobody. */
  | { readonly name: 'user'; readonly user: EmbedOptions['user'] }
  | { readonly name: 'room'; readonly room: EmbedOptions['room'] }
  | { readonly name: 'conversation'; readonly id: string };

export interface Panel {
  run(command: PanelCommand): void;
  /** Takes everything away: sockets, listeners, nodes. */
  stop(): void;
}

/** The module that is loaded late: the panel itself, or the frame around it. */
export interface PanelModule {
  start(host: PanelHost): Promise<Panel>;
}
