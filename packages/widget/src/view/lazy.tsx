import type { ComponentType } from 'preact';
import { useEffect, useLayoutEffect, useState } from 'preact/hooks';
import { useFixed } from './context.ts';
import { Failure } from './parts.tsx';

/** What a chunk of rare views hands over. */
export interface Chunk<Props> {
  readonly view: ComponentType<Props>;
  readonly css: string;
}

/**
 * A view whose code, style and texts are fetched when it is first shown. One that cannot be fetched says so, with a way to
 * try again.
 */
export function lazy<Props extends object>(load: () => Promise<Chunk<Props>>): ComponentType<Props> {
  let chunk: Chunk<Props> | null = null;
  return function Lazy(props: Props) {
    const { t } = useFixed();
    const [ready, setReady] = useState(chunk);
    const [attempt, setAttempt] = useState(0);
    const [failed, setFailed] = useState(false);
    useEffect(() => {
      if (ready !== null) return;
      let gone = false;
      setFailed(false);
      Promise.all([load(), t.more()]).then(
        ([loaded]) => {
          chunk = loaded;
          if (!gone) setReady(loaded);
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
    return <Styled chunk={ready} props={props} />;
  };
}

function Styled<Props extends object>({ chunk, props }: { chunk: Chunk<Props>; props: Props }) {
  const { adopt } = useFixed();
  useLayoutEffect(() => adopt(chunk.css), []);
  const View = chunk.view as ComponentType<object>;
  return <View {...props} />;
}
