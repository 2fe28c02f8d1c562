import type { ComponentType, VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useFixed } from './context.ts';
import { Failure } from './parts.tsx';

/** What a chunk of views hands over. */
export interface Chunk<Props> {
  readonly view: ComponentType<Props>;
  readonly css: string;
}

export interface Lazy<Props> {
  (props: Props): VNode | null;
  /** Fetches it ahead; failing says nothing, for it is tried again when it is shown. */
  preload(): void;
}

/**
 * A view whose code, style and (unless `texts` is false) texts are fetched when it is first shown. One that cannot be
 * fetched says so, with a way to try again.
 */
export function lazy<Props extends object>(
  load: () => Promise<Chunk<Props>>,
  { texts = true } = {},
): Lazy<Props> {
  let chunk: Chunk<Props> | null = null;
  const fetchChunk = async () => {
    chunk = await load();
    return chunk;
  };

  function LazyView(props: Props) {
    const { t, adopt } = useFixed();
    const [ready, setReady] = useState(() => {
      if (texts || chunk === null) return null;
      adopt(chunk.css);
      return chunk;
    });
    const [attempt, setAttempt] = useState(0);
    const [failed, setFailed] = useState(false);
    useEffect(() => {
      if (ready !== null) return;
      let gone = false;
      setFailed(false);
      Promise.all([fetchChunk(), texts && t.more()]).then(
        ([loaded]) => {
          if (gone) return;
          // Before it is drawn: what measures itself on mounting must have its looks.
          adopt(loaded.css);
          setReady(loaded);
        },
        () => {
          if (!gone) setFailed(true);
        },
      );
      return () => {
        gone = true;
      };
    }, [attempt]);
    if (failed) return <Failure problem={{ code: 'network' }} onRetry={() => setAttempt(attempt + 1)} />;
    if (ready === null) return null;
    const View = ready.view as ComponentType<object>;
    return <View {...props} />;
  }

  return Object.assign(LazyView, {
    preload: () => void fetchChunk().catch(() => {}),
  });
}
