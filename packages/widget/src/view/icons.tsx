/** Drawn on a grid of 20 in one stroke, so that all have one weight. Chunks bring the ones that they alone need. */
const paths = new Map(
  Object.entries({
    chat: 'M10 3c4.4 0 8 2.8 8 6.5S14.4 16 10 16c-.9 0-1.8-.1-2.6-.3L3.5 17.5l.9-3.3C2.9 13 2 11.3 2 9.5 2 5.8 5.6 3 10 3z',
    close: 'M5.5 5.5l9 9M14.5 5.5l-9 9',
    back: 'M12 4.5L6.5 10l5.5 5.5',
    settings: 'M4 6h6.5M14.5 6H16M4 14h1.5M9.5 14H16M12.5 4v4M7.5 12v4',
    alert: 'M10 6.5v4.5M10 13.8h.01M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15z',
    check: 'M4.5 10.5l3.5 3.5 7.5-8',
    verified:
      'M10 2.5l2 1.5 2.5-.1.7 2.4 2 1.5-.9 2.3.9 2.3-2 1.5-.7 2.4L12 16l-2 1.5L8 16l-2.5.1-.7-2.4-2-1.5.9-2.3-.9-2.3 2-1.5.7-2.4L8 4zM7.5 10.2l1.8 1.8 3.3-3.7',
    down: 'M5 7.5l5 5 5-5',
    hash: 'M7.8 3.5l-1.6 13M13.8 3.5l-1.6 13M3.5 7.3h13.5M3 12.7h13.5',
    page: 'M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM2.5 10h15M10 2.5c2.2 2 3.2 4.5 3.2 7.5s-1 5.5-3.2 7.5c-2.2-2-3.2-4.5-3.2-7.5s1-5.5 3.2-7.5z',
  }),
);

/** Makes the icons of a chunk known. */
export function addIcons(more: Readonly<Record<string, string>>): void {
  for (const [name, path] of Object.entries(more)) paths.set(name, path);
}

export type IconName =
  | 'chat'
  | 'close'
  | 'back'
  | 'settings'
  | 'alert'
  | 'check'
  | 'verified'
  | 'down'
  | 'hash'
  | 'page'
  | 'search'
  | 'plus'
  | 'mute'
  | 'more'
  | 'send'
  | 'attach'
  | 'smile'
  | 'reply'
  | 'clock'
  | 'file'
  | 'edit'
  | 'lock'
  | 'door'
  | 'trash'
  | 'copy'
  | 'flag'
  | 'block'
  | 'bell';

/** A picture beside or in place of a word; the word is always there for those who do not see it. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class={`icon icon-${name}`} viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      <path d={paths.get(name)} />
    </svg>
  );
}
