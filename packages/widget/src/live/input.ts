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
export function attachInput(input: LiveInput, { actions, state, subscribe }: LiveStore): () => void {
  let composing = false;

  function set(text: string): void {
    const { value, selectionStart, selectionEnd } = input;
    if (value === text) return;
    // What stands after the caret is what stays the same, most often.
    const behind = value.length - (selectionEnd ?? value.length);
    const length = (selectionEnd ?? 0) - (selectionStart ?? 0);
    input.value = text;
    const end = Math.max(0, text.length - behind);
    input.setSelectionRange(Math.max(0, end - length), end);
  }

  const typed = () => {
    const kept = actions.type(input.value, composing);
    // Who changes the text under an input method breaks it; it is set right when that is done.
    if (!composing) set(kept);
  };
  const begins = () => {
    composing = true;
  };
  const ends = () => {
    composing = false;
    typed();
    settle();
  };
  const settle = () => {
    if (composing || input.value === state().input) return;
    set(actions.takeFaded());
  };

  const events = { input: typed, compositionstart: begins, compositionend: ends };
  for (const [event, listener] of Object.entries(events)) input.addEventListener(event, listener);
  const stop = subscribe(settle);
  return () => {
    stop();
    for (const [event, listener] of Object.entries(events)) input.removeEventListener(event, listener);
  };
}
