import { useEffect, useState } from 'preact/hooks';
import type { Live, LiveState } from '../live.ts';

/** The state of `live`; the component is drawn anew after every change. */
export function useLive(live: Live): LiveState {
  const [state, setState] = useState(live.state());
  useEffect(() => {
    setState(live.state());
    return live.listen(() => setState(live.state()));
  }, [live]);
  return state;
}
