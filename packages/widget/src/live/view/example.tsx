import { useEffect, useReducer, useRef, useState } from 'preact/hooks';
import { useMedia } from '../../view/hooks.ts';
import { fadingMs, opacityAt } from '../fade.ts';
import { graphemesOf } from '../graphemes.ts';
import type { LiveGrapheme } from '../state.ts';
import { useT } from './context.ts';
import { LiveIcon } from './icons.tsx';
import { Letters } from './letters.tsx';
import { bandClass, colourClass } from './people.ts';
import type { LiveTextKey } from './texts/en.ts';

/** Who types what, and when it begins, in milliseconds. */
const script: readonly { lane: 0 | 1; text: LiveTextKey; from: number }[] = [
  { lane: 0, text: 'exampleA', from: 400 },
  { lane: 1, text: 'exampleB', from: 2_100 },
  { lane: 0, text: 'exampleC', from: 4_400 },
];
const perLetterMs = 95;
const roundMs = 10_500;
const tickMs = 50;
/** Where it stands still for those who want nothing to move. */
const stillAt = 4_300;

interface Typed extends LiveGrapheme {
  readonly lane: 0 | 1;
  readonly at: number;
}

/** Live rooms in a picture of themselves: two people type at the same time, and it fades as long as is chosen below. */
export function Example({ stayMs }: { stayMs: number }) {
  const t = useT();
  const still = useMedia('(prefers-reduced-motion: reduce)');
  const [playing, setPlaying] = useState(true);
  const [, draw] = useReducer((count: number) => count + 1, 0);
  const time = useRef(0);
  const stay = useRef(stayMs);
  stay.current = stayMs;

  useEffect(() => {
    if (still || !playing) return;
    let then = performance.now();
    const timer = setInterval(() => {
      const now = performance.now();
      // A page that was not looked at goes on where it was.
      time.current += Math.min(now - then, 4 * tickMs);
      then = now;
      const end = Math.max(
        roundMs,
        script[2] === undefined ? 0 : script[2].from + 3_500 + stay.current + fadingMs,
      );
      if (time.current > end) time.current = 0;
      draw(undefined);
    }, tickMs);
    return () => clearInterval(timer);
  }, [still, playing]);

  const now = still ? stillAt : time.current;
  const typed = script.flatMap(({ lane, text, from }, line): Typed[] =>
    graphemesOf(t(text)).map((letter, index) => {
      // No hand is even.
      const at = from + index * perLetterMs + ((index * 37 + line * 11) % 7) * 12;
      return {
        key: line * 1_000 + index,
        text: letter,
        lane,
        at,
        opacity: opacityAt(now - at, still ? 60_000 : stayMs, still),
      };
    }),
  );
  const seen = typed.filter(({ at, opacity }) => at <= now && opacity > 0);
  return (
    <figure class="example">
      <figcaption class="visually-hidden">{t('exampleOf')}</figcaption>
      {([0, 1] as const).map((lane) => (
        <div class="lane" key={lane} aria-hidden="true">
          <span class={`${bandClass(lane)} ${colourClass(lane)}`} />
          <div class="lane-head">
            <span class={`lane-number ${colourClass(lane)}`}>{lane + 1}</span>
            <span class="lane-name">{t(lane === 0 ? 'exampleNameA' : 'exampleNameB')}</span>
          </div>
          <div class="lane-text">
            <Letters letters={seen.filter((letter) => letter.lane === lane)} />
          </div>
        </div>
      ))}
      {!still && (
        <button
          type="button"
          class="control example-play"
          aria-label={t(playing ? 'pauseExample' : 'playExample')}
          title={t(playing ? 'pauseExample' : 'playExample')}
          onClick={() => setPlaying(!playing)}
        >
          <LiveIcon name={playing ? 'hold' : 'play'} />
        </button>
      )}
    </figure>
  );
}
