import type { LiveStore } from './state.ts';

/** What of a text field is used. */
export type LiveInput = Pick<
  HTMLTextAreaElement,
  | 'value'
  | 'selectionStart'
  | 'selectionEnd'
  | 'setSelectionRange'
  | 'addEventListener'
  | 'removeEventListener'
>;

/**
 * Keeps a text field and my lane the same: what it holds after each input is typed, and what has faded is taken out of it,
 * unless an input method is at work. The caret stays at its place in the text.
 * @returns how to let go of it
 */
export declare function attachInput(input: LiveInput, live: LiveStore): () => void;
