/** Widths in rem, as the style sheets of panels have them. */
export const room = { columns: 48, main: 23.5, panel: 20, bar: 13, more: 3, gap: 0.75, edge: 1.25 };
