import type { WidgetState } from '../store/state.ts';
import type { CallingParts, startCalling } from './calling.ts';
import { isLookedAt, watchLooking } from './looking.ts';

/**
 * Has `calling.ts` loaded when there may be something to call for: somebody is signed in, and does not look here, or
 * something is unread or asked. What it is that came is called for, too.
 * @returns how to stop
 */
export function awaitCalls(parts: Omit<CallingParts, 'looking' | 'since'>): () => void {
  const { store } = parts;
  let since = store.state;
  let calling: ReturnType<typeof startCalling> | null = null;
  let loading = false;
  let stopped = false;

  const look = async () => {
    const before = since;
    if (!loading) since = store.state;
    if (loading || stopped || !mayCall(store.state)) return;
    loading = true;
    try {
      const { startCalling } = await import('./calling.ts');
      if (stopped) return;
      unsubscribe();
      calling = startCalling({ ...parts, looking, since: before });
    } catch {
      loading = false; // without a network nothing comes; the next change tries again
    }
  };
  const unsubscribe = store.subscribe(() => void look());
  const looking = watchLooking(parts.app, () => {
    if (calling === null) void look();
    else calling.refresh();
  });

  return () => {
    stopped = true;
    unsubscribe();
    looking.stop();
    calling?.stop();
  };
}

function mayCall({ session, unread, people }: WidgetState): boolean {
  if (session.phase !== 'in') return false;
  return !isLookedAt() || unread > 0 || (people.phase === 'ready' && people.value.invitations.length > 0);
}
