import { useCallback, useRef, useState } from 'preact/hooks';
import { Glyph } from './glyph.tsx';

const goodMs = 5000;
const noticesMax = 4;

export interface Notice {
  readonly text: string;
  /** `good`: it is done, goes by itself. `bad`: it failed, stays until it is closed. */
  readonly kind: 'good' | 'bad';
}

interface Shown extends Notice {
  readonly id: number;
}

export function useNotices() {
  const [notices, setNotices] = useState<readonly Shown[]>([]);
  const count = useRef(0);
  const dismiss = useCallback((id: number) => setNotices((all) => all.filter((one) => one.id !== id)), []);
  const notify = useCallback(
    (notice: Notice) => {
      const id = count.current++;
      setNotices((all) => [...all, { ...notice, id }].slice(-noticesMax));
      if (notice.kind === 'good') setTimeout(() => dismiss(id), goodMs);
    },
    [dismiss],
  );
  return { notices, notify, dismiss };
}

export interface NoticesProps {
  readonly notices: readonly Shown[];
  readonly dismiss: (id: number) => void;
}

/** What has just been done or has failed, at the lower end. */
export function Notices({ notices, dismiss }: NoticesProps) {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.map(({ id, kind, text }) => (
        <div key={id} class={`toast toast-${kind}`}>
          <Glyph name={kind === 'good' ? 'check' : 'warn'} />
          <p>{text}</p>
          <button
            type="button"
            class="button button-plain icon-button"
            aria-label="Close this notice"
            onClick={() => dismiss(id)}
          >
            <Glyph name="close" />
          </button>
        </div>
      ))}
    </div>
  );
}
