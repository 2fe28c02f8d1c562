import type { ComponentChildren } from 'preact';

export type BadgeKind = 'plain' | 'good' | 'warn' | 'bad' | 'accent';

/** A word on the state of something. */
export function Badge({ kind = 'plain', children }: { kind?: BadgeKind; children: ComponentChildren }) {
  return <span class={`badge badge-${kind}`}>{children}</span>;
}
