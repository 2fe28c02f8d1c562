import { Mark } from '@earshot/ui';
import { useEffect, useState } from 'preact/hooks';
import type { Problem } from '../../store/problem.ts';
import type { StartLive } from '../state.ts';
import { useT } from './context.ts';
import { Example } from './example.tsx';
import { problemWords } from './problem.ts';
import { Stage } from './stage.tsx';

const fadeDefault = 2.5;

export interface StartProps {
  start: StartLive;
  /** As many people fit into one room. */
  people: number;
  /** Why no room can be started here. */
  closed: Problem | null;
  /** Goes into the room that was started. */
  go: (room: string, fragment: string) => void;
}

/** The page `/live`: what it is, how a room is to be, and a button that starts one. */
export function Start({ start, people, closed, go }: StartProps) {
  const t = useT();
  const [noTakeBacks, setNoTakeBacks] = useState(false);
  const [seconds, setSeconds] = useState(fadeDefault);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState(closed);

  const begin = async () => {
    if (busy) return;
    setBusy(true);
    setProblem(null);
    const answer = await start({ noTakeBacks, fadeSeconds: seconds });
    if (answer.problem === null) return go(answer.value.room, answer.value.fragment);
    setProblem(answer.problem);
    setBusy(false);
  };

  return (
    <main class="start">
      <p class="start-brand">
        <Mark />
        {t('liveRooms')}
      </p>
      <h1>{t('headline')}</h1>
      <p class="lead">{t('lead')}</p>
      <Example stayMs={seconds * 1_000} />
      <form
        class="options"
        onSubmit={(event) => {
          event.preventDefault();
          void begin();
        }}
      >
        <fieldset class="choices">
          <legend class="visually-hidden">{t('corrections')}</legend>
          {([false, true] as const).map((choice) => (
            <label class="choice" key={String(choice)}>
              <input
                type="radio"
                name="corrections"
                checked={noTakeBacks === choice}
                onChange={() => setNoTakeBacks(choice)}
              />
              <span class="choice-words">
                <span class="choice-name">{t(choice ? 'noTakeBacks' : 'withCorrection')}</span>
                <span class="hint">{t(choice ? 'noTakeBacksHint' : 'withCorrectionHint')}</span>
              </span>
            </label>
          ))}
        </fieldset>
        <label class="slider">
          <span class="slider-words">
            {t('fadesAfter')} <output>{t('seconds', { n: seconds })}</output>
          </span>
          <input
            type="range"
            min={1}
            max={30}
            step={0.5}
            value={seconds}
            aria-valuetext={t('seconds', { n: seconds })}
            onInput={(event) => setSeconds(Number(event.currentTarget.value))}
          />
        </label>
        <div class="start-act">
          <button
            type="submit"
            class="button button-primary button-large"
            disabled={closed !== null}
            aria-disabled={busy}
          >
            {t(busy ? 'starting' : 'startRoom')}
          </button>
          {people > 1 && <p class="hint">{t('startHint', { n: people })}</p>}
        </div>
        <p class="start-problem" role="alert">
          {problem !== null && problemWords(t, problem)}
        </p>
      </form>
      <p class="promise">{t('promise')}</p>
    </main>
  );
}

/** The page `/live/new`: a room at once, by a POST that no link and no preview makes. */
export function StartNow({ start, go, home }: Pick<StartProps, 'start' | 'go'> & { home: string }) {
  const t = useT();
  const [problem, setProblem] = useState<Problem | null>(null);
  const begin = async () => {
    setProblem(null);
    const answer = await start({ noTakeBacks: false, fadeSeconds: fadeDefault });
    if (answer.problem === null) go(answer.value.room, answer.value.fragment);
    else setProblem(answer.problem);
  };
  useEffect(() => void begin(), []);
  if (problem === null) return <Stage title={t('starting')} busy />;
  return (
    <Stage title={t('failedTitle')} words={problemWords(t, problem)}>
      <button type="button" class="button button-primary" onClick={begin}>
        {t('tryNow')}
      </button>
      <a class="button" href={home}>
        {t('liveRooms')}
      </a>
    </Stage>
  );
}

/** There is no such room, or no longer; which is not said. */
export function Gone({ another }: { another: string }) {
  const t = useT();
  return (
    <Stage title={t('goneTitle')} words={t('goneHint')}>
      <a class="button" href={another}>
        {t('startAnew')}
      </a>
    </Stage>
  );
}
