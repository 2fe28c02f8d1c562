import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { activeIn } from '../hooks.ts';

/** When `what` changes and the button that was pressed is gone with it, the keyboard goes to `ref` in place of nowhere. */
export function useKeptFocus(ref: RefObject<HTMLElement | null>, what: unknown): void {
  const before = useRef(what);
  useLayoutEffect(() => {
    const node = ref.current;
    if (before.current === what || node === null) return;
    before.current = what;
    const { activeElement, body } = document;
    const isNowhere = activeElement === null || activeElement === body;
    if (isNowhere && activeIn(node) === null) node.focus({ preventScroll: true });
  }, [what]);
}
