const paths = {
  menu: 'M3 5h14M3 10h14M3 15h14',
  close: 'M5 5l10 10M15 5L5 15',
  plus: 'M10 4v12M4 10h12',
  people:
    'M7.5 9.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM2 16.5c0-3 2.5-4.5 5.5-4.5s5.5 1.5 5.5 4.5M13 3.8a3 3 0 0 1 0 5.4M15 12.4c1.9.6 3 2 3 4.1',
  leave: 'M8 3H4v14h4M8 10h9M14 6.5l3.5 3.5-3.5 3.5',
  lock: 'M5 9h10v7.5H5zM7 9V6.5a3 3 0 0 1 6 0V9',
  search: 'M9 14.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11ZM13 13l4 4',
  up: 'M5.5 12 10 7.5l4.5 4.5',
  down: 'M5.5 8 10 12.5 14.5 8',
  check: 'M4.5 10.5l3.5 3.5 7.5-8',
  warn: 'M10 7v4.5M10 14v.2M10 2.8 18 17H2z',
  refresh: 'M16 6.5A7 7 0 1 0 17 10M16.5 2.5v4h-4',
  play: 'M6 4l10 6-10 6z',
  pause: 'M7 4v12M13 4v12',
  trash: 'M4 6h12M8 6V3.5h4V6M5.5 6l.7 10.5h7.6L14.5 6',
  more: 'M4.5 10h.01M10 10h.01M15.5 10h.01',
  next: 'M7.5 4.5 13 10l-5.5 5.5',
} as const;

export type GlyphName = keyof typeof paths;

/** A small drawing beside a word, or in its place where the control has a name of its own. */
export function Glyph({ name }: { name: GlyphName }) {
  return (
    <svg class={`glyph glyph-${name}`} viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      <path
        d={paths[name]}
        fill="none"
        stroke="currentColor"
        stroke-width="1.6"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}
