/** How and where the widget is shown. What it shows is the store's state. */
export interface WidgetOptions {
  /**
   * `corner`: a launcher, a panel above it and conversations docked beside it. `inline`: one panel that fills the node it
   * is mounted in. `page`: the whole page, list and conversation side by side.
   */
  readonly mode: 'corner' | 'inline' | 'page';
  /** Which corner, in reading direction. */
  readonly side: 'end' | 'start';
  /** The round button, when it is shown: panels keep clear of it, and the keyboard goes back there on closing. */
  readonly launcher: HTMLElement | null;
  /** Origin of the chat's API, for the addresses of pictures and files, which are relative to it. */
  readonly apiOrigin: string;
}
