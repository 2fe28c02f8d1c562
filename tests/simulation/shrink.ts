import { play } from './play.ts';
import type { Schedule, Step } from './schedule.ts';

/** Attempts at most: a schedule that is not the shortest is still one to look at. */
const playsMax = 2_000;

/** The kind of what went wrong, so that shrinking does not end at something else. */
function kindOf(problem: string): string {
  return (
    /(doubled|lost|ghost|missing|told twice|never told|wrong count|left out|overtaken|terminated|failure|too old)/.exec(
      problem,
    )?.[1] ?? problem
  );
}

/** Takes steps away as long as the same kind of thing goes wrong. @returns the schedule itself when nothing does */
export function shrink(schedule: Schedule): Schedule {
  const kinds = new Set(play(schedule).map(kindOf));
  let plays = 0;
  const fails = (steps: readonly Step[]) =>
    plays++ < playsMax && play({ ...schedule, steps }).some((problem) => kinds.has(kindOf(problem)));
  let steps = schedule.steps;
  for (let size = steps.length >> 1; size >= 1; ) {
    let removed = false;
    for (let from = 0; from < steps.length; ) {
      const fewer = [...steps.slice(0, from), ...steps.slice(from + size)];
      if (fails(fewer)) {
        steps = fewer;
        removed = true;
      } else from += size;
    }
    if (!removed || size > 1) size = size === 1 ? (removed ? 1 : 0) : size >> 1;
  }
  return { ...schedule, steps };
}

/** As text that can be put into `kept.ts`. */
export function shown(schedule: Schedule): string {
  const steps = schedule.steps.map((step) => `    ${JSON.stringify(step)},`);
  const problems = play(schedule).map((problem) => `  // ${problem}`);
  return [
    '{',
    ...problems,
    `  cluster: '${schedule.cluster}',`,
    `  seed: ${schedule.seed},`,
    '  steps: [',
    ...steps,
    '  ],',
    '}',
  ].join('\n');
}
