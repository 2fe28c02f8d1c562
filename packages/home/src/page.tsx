import { render } from 'preact';
import { connectClient } from './client.ts';
import type { Session } from './contract.ts';
import { askSession, type Shut, signOut } from './door.ts';
import { follow } from './live.ts';
import { Home } from './view/home.tsx';
import { windowId } from './window-id.ts';

/**
 * Shows the page of a signed-in browser in `root` and connects it. `onShut` is called when the session has
 * ended; the returned function takes everything away again.
 */
export async function start(
  root: Element,
  session: Session,
  onShut: (why: Shut) => void,
): Promise<() => void> {
  const checkSession = async () => {
    const found = await askSession();
    if (found === 'signed-out') onShut('session-ended');
    return typeof found === 'string' ? null : found;
  };
  const live = follow({
    client: await connectClient(new URL('.', location.href), session.app.key, windowId()),
    session,
    onAuthRefused: () => void checkSession(),
  });
  const leave = async () => {
    if (await signOut()) onShut('signed-out');
  };
  render(<Home live={live} session={session} refresh={checkSession} leave={leave} />, root);

  return () => {
    live.stop();
    render(null, root);
  };
}
