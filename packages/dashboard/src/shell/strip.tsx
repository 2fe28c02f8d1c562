import { useEffect } from 'preact/hooks';
import { useDesk, useLink } from './desk.ts';

/** How often a server that does not answer is asked whether it is back. */
const askEveryMs = 3000;

/** Says that the server is not reached, without stopping anyone; asks until it is. */
export function Strip() {
  const { api } = useDesk();
  const state = useLink();

  useEffect(() => {
    if (state !== 'reconnecting') return;
    const ask = () => void api.request('GET', '/session').catch(() => undefined);
    const timer = setInterval(ask, askEveryMs);
    return () => clearInterval(timer);
  }, [state, api]);

  return (
    <div class="desk-strip" role="status">
      {state === 'offline' && <p class="strip">You are offline. What you see may be old.</p>}
      {state === 'reconnecting' && (
        <p class="strip strip-bad">The server does not answer. Trying again… What you see may be old.</p>
      )}
    </div>
  );
}
