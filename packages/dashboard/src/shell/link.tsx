import type { ComponentChildren } from 'preact';
import { useDesk } from './desk.ts';

export interface DeskLinkProps {
  /** Path below the dashboard, perhaps with a query. */
  readonly to: string;
  readonly class?: string;
  /** It leads to where one is. */
  readonly current?: boolean;
  readonly children: ComponentChildren;
}

/** A link to a page of the dashboard: an address like any other, followed without loading anew. */
export function DeskLink({ to, class: className, current = false, children }: DeskLinkProps) {
  const { router } = useDesk();
  const onClick = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    void router.go(to);
  };
  return (
    <a
      href={router.hrefOf(to)}
      class={className}
      aria-current={current ? 'page' : undefined}
      onClick={onClick}
    >
      {children}
    </a>
  );
}
