import type { ComponentType, VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useFixed } from './context.ts';
import { Failure } from './parts.tsx';

/** What a chunk of views hands over. */
export interface Chunk<Props> {
  readonly view: ComponentType<Props>;
  readonly css: string;
}

type Inside = typeof import('./inside.ts');
let loadedInside: Inside | null = null;

/** What is for those who are signed in. The realtime client is fetched beside it, in place of after it. */
export async function loadInside(): Promise<Inside> {
  import('../client/pusher.ts').catch(() => {}); // what needs it says so
  loadedInside = await import('./inside.ts');
  return loadedInside;
}

/** A view of `inside.ts`: drawn at once where that is loaded. */
export function inside<Props extends object>(pick: (from: Inside) => Chunk<Props>) {
  return later(
    async () => pick(await loadInside()),
    () => loadedInside && pick(loadedInside),
    false,
  );
}

/** A view whose code, style and texts are fetched when it is first shown. */
export function lazy<Props extends object>(load: () => Promise<Chunk<Props>>) {
  return later(load, () => null, true);
}

/** One that cannot be fetched says so, with a way to try again. */
function later<Props extends object>(
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
