const kept = [
  'keydown',
  'keypress',
  'keyup',
  'beforeinput',
  'input',
  'paste',
  'cut',
  'copy',
  'compositionstart',
  'compositionupdate',
  'compositionend',
  // A dialog of the host that holds on to the focus would take it back.
  'focusin',
];

/**
 * Keeps what is typed in the widget from the host page's handlers: single-key shortcuts, input masks, focus traps. They
 * see nothing of it unless they listen in the window's capture phase, which comes before everybody else; for those pages
 * there is `mode: 'iframe'`. What the browser does by itself is left alone, and Tab is passed on, so that the host's order
 * of focus holds.
 * @param root what the widget's handlers are inside of: its shadow root
 */
export function shieldKeys(root: EventTarget): void {
  const keep = (event: Event) => {
    if ((event as KeyboardEvent).key !== 'Tab') event.stopPropagation();
  };
  for (const type of kept) root.addEventListener(type, keep);
}
