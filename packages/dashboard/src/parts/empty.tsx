import type { ComponentChildren } from 'preact';

export interface EmptyProps {
  /** What there is none of. */
  readonly title: string;
  /** Of the heading; 2 unless told. */
  readonly level?: 1 | 2 | 3;
  /** What will appear here and how to make it appear; perhaps a button. */
  readonly children?: ComponentChildren;
}

/** Nothing here yet: says what will appear and how to make it appear. */
export function Empty({ title, level = 2, children }: EmptyProps) {
  const Heading = `h${level}` as const;
  return (
    <div class="empty">
      <svg class="empty-arcs" viewBox="0 0 48 24" aria-hidden="true" focusable="false">
        <g fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round">
          <path d="M20 12a4 4 0 0 1 8 0" />
          <path d="M14 12a10 10 0 0 1 20 0" opacity=".6" />
          <path d="M8 12a16 16 0 0 1 32 0" opacity=".3" />
          <path d="M4 18h40" />
        </g>
      </svg>
      <Heading class="empty-title">{title}</Heading>
      {children}
    </div>
  );
}
