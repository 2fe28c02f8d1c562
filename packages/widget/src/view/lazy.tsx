import type { ComponentType, VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useFixed } from './context.ts';
import { Failure } from './parts.tsx';

/** What a chunk of views hands over. */
export interface Chunk<Props> {
  readonly view: ComponentType<Props>;
  readonly css: string;
}

/** A view whose code, style and texts are fetched when it is first shown. */
export function lazy<Props extends object>(load: () => Promise<Chunk<Props>>) {
  return later(load, () => null, true);
}

/** One that has its texts already, and is drawn at once the next time. */
export function lazyPart<Props extends object>(load: () => Promise<Chunk<Props>>) {
  let loaded: Chunk<Props> | null = null;
  const keep = async () => {
    loaded = await load();
    return loaded;
  };
  return later(keep, () => loaded, false);
}

/**
 * One that cannot be fetched says so, with a way to try again.
 * @param loaded what has been fetched already: drawn at once
 * @param texts whether it needs the texts of rare views
 */
export function later<Props extends object>(
  load: () => Promise<Chunk<Props>>,
  loaded: () => Chunk<Props> | null,
  texts: boolean,
): (props: Props) => VNode | null {
  return function LazyView(props) {
    const { t, adopt } = useFixed();
    const [ready, setReady] = useState(() => {
      const chunk = loaded();
      if (chunk !== null) adopt(chunk.css);
      return chunk;
    });
    const [attempt, setAttempt] = useState(0);
    const [failed, setFailed] = useState(false);
    useEffect(() => {
      if (ready !== null) return;
      let gone = false;
      setFailed(false);
      Promise.all([load(), texts && t.more()]).then(
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
  };
}
