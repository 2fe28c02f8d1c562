import { Dot, type DotState, Mark } from '@earshot/ui';
import type { Phase } from '../live.ts';

const words: Record<Phase, { word: string; dot: DotState }> = {
  connecting: { word: 'Connecting', dot: 'warn' },
  connected: { word: 'Connected', dot: 'good' },
  reconnecting: { word: 'Reconnecting', dot: 'warn' },
  unreachable: { word: 'No answer', dot: 'bad' },
  closed: { word: 'Closed', dot: 'bad' },
  unsupported: { word: 'Not supported', dot: 'bad' },
};

/** The mark, the state of the connection, the way to the dashboard and the way out. */
export function Header({ phase, leave }: { phase: Phase; leave: () => void }) {
  const { word, dot } = words[phase];
  return (
    <header class="header">
      <div class="header-inner">
        <span class="brand">
          <Mark />
          Earshot
        </span>
        <span class="connection" role="status" data-phase={phase}>
          <Dot state={dot} />
          {word}
        </span>
        <a class="button" href="dashboard/">
          Dashboard
        </a>
        <button type="button" class="button button-plain" onClick={leave}>
          Sign out
        </button>
      </div>
    </header>
  );
}
