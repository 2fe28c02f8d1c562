/** The mark: three arcs of a sound wave in one stroke, in the colour of the text around it. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <g fill="none" stroke="currentColor" stroke-width="2.5" stroke-linecap="round">
        <path d="M6.24 8.46a5 5 0 0 1 0 7.08" />
        <path d="M9.77 4.93a10 10 0 0 1 0 14.14" />
        <path d="M13.31 1.39a15 15 0 0 1 0 21.22" />
      </g>
    </svg>
  );
}
