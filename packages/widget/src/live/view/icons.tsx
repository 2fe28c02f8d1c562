/** Drawn on a grid of 20 in one stroke. */
const paths = {
  hold: 'M7 4.5v11M13 4.5v11',
  link: 'M8.5 11.5a3.5 3.5 0 0 0 5 0l2.5-2.5a3.5 3.5 0 0 0-5-5L10 5M11.5 8.5a3.5 3.5 0 0 0-5 0L4 11a3.5 3.5 0 0 0 5 5l1-1',
  check: 'M4.5 10.5l3.5 3.5 7.5-8',
  leave: 'M8 3.5H4.5v13H8M12.5 6.5L16 10l-3.5 3.5M16 10H8',
  picture: 'M3 4.5h14v11H3zM3 13l4-4 4 4 2-2 4 3.5M13 8h.01',
  away: 'M3.5 3.5l13 13M8 5.3A8 8 0 0 1 10 5c4 0 6.5 3.5 7.5 5-.4.6-1 1.4-1.8 2.2M12.5 14.3c-.8.4-1.6.7-2.5.7-4 0-6.5-3.5-7.5-5 .5-.8 1.5-2.2 3-3.4',
  alert: 'M10 6.5v4.5M10 13.8h.01M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15z',
  close: 'M5.5 5.5l9 9M14.5 5.5l-9 9',
  play: 'M7 4.5l8 5.5-8 5.5z',
  edit: 'M4 16l.8-3.4L13 4.4a1.7 1.7 0 0 1 2.5 2.5L7.4 15.2z',
  down: 'M6 8l4 4 4-4',
} as const;

export type LiveIconName = keyof typeof paths;

/** A picture beside or in place of a word, which is always there for those who do not see it. */
export function LiveIcon({ name }: { name: LiveIconName }) {
  return (
    <svg class={`icon icon-${name}`} viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
