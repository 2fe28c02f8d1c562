import type { LiveState } from '../live.ts';

/** A thin strip under the header while the page is cut off: what happened and what to do. */
export function Strip({ state, reconnect }: { state: LiveState; reconnect: () => void }) {
  const text = stripText(state);
  return (
    <div role="status">
      {text !== null && (
        <div class={state.phase === 'reconnecting' ? 'strip' : 'strip strip-bad'}>
          {text}
          {state.phase !== 'unsupported' && (
            <button type="button" class="strip-action" onClick={reconnect}>
              Try now
            </button>
          )}
        </div>
      )}
    </div>
  );
}

function stripText({ phase, offline, closedBecause }: LiveState): string | null {
  if (phase === 'connected') return null;
  if (offline) return 'This device is offline. The page reconnects by itself.';
  if (closedBecause !== null) return closedBecause;
  switch (phase) {
    case 'connecting':
      return null;
    case 'reconnecting':
      return 'The connection was lost. Reconnecting…';
    case 'unreachable':
      return 'The server does not answer. Check that it runs; this page keeps trying.';
    case 'closed':
      return 'The server closed this connection.';
    case 'unsupported':
      return 'This browser has no WebSocket and no other way to connect. Use a current browser.';
  }
}
