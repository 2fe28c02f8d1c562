import type { Hook } from '../../support/hooks.ts';
import { type Hold, memberKey } from './churner.ts';

/** An event as the endpoint got it for the first time. */
interface Told {
  readonly at: number;
  readonly begins: boolean;
}

/** What has to have lasted so long is told: 3 s, and what timers of a busy machine are late. */
const lastingMs = 3_000;
const lateMs = 4_000;
const batchMs = 250;

export interface Comparison {
  readonly problems: string[];
  readonly figures: Record<string, number>;
}

/** By channel or member, in the order in which they came; what came again is left out. */
export function toldByKey(hooks: readonly Hook[]): {
  byKey: Map<string, Told[]>;
  again: number;
  events: number;
} {
  const byKey = new Map<string, Told[]>();
  const known = new Set<string>();
  let again = 0;
  let events = 0;
  for (const hook of hooks) {
    for (const { name, channel, user_id } of hook.events) {
      events++;
      const key = user_id === undefined ? String(channel) : memberKey(String(channel), String(user_id));
      const identity = `${hook.time_ms} ${name} ${key}`;
      if (known.has(identity)) {
        again++;
        continue;
      }
      known.add(identity);
      const told = byKey.get(key) ?? [];
      told.push({ at: hook.time_ms, begins: name === 'channel_occupied' || name === 'member_added' });
      byKey.set(key, told);
    }
  }
  return { byKey, again, events };
}

/**
 * Compares what clients saw with what the endpoint got.
 *
 * @param kills when the server was killed
 */
export function compare(
  holds: readonly Hold[],
  hooks: readonly Hook[],
  kills: readonly number[],
): Comparison {
  const problems: string[] = [];
  const { byKey, again, events } = toldByKey(hooks);
  const holdsOf = new Map<string, Hold[]>();
  for (const hold of holds)
    for (const key of hold.keys) holdsOf.set(key, [...(holdsOf.get(key) ?? []), hold]);
  let ends = 0;

  for (const [key, told] of byKey) {
    const name = JSON.stringify(key);
    for (const [index, { at, begins }] of told.entries()) {
      if (begins !== (index % 2 === 0))
        problems.push(`ORDER: ${name} is told ${begins ? 'begun' : 'ended'} twice in a row`);
      if (at < (told[index - 1]?.at ?? 0))
        problems.push(`ORDER: ${name} has an older event after a newer one`);
    }
    if (told.at(-1)?.begins) problems.push(`LOST: ${name} is over, and was not told to be`);
    if (!holdsOf.has(key) && told.length > 0 && !isNearAKill(told[0]?.at ?? 0, kills, lateMs))
      problems.push(`WRONG: ${name} was told, and nobody saw it`);
  }

  for (const [key, all] of holdsOf) {
    const told = byKey.get(key) ?? [];
    const believedAt = (at: number) => told.findLast((event) => event.at <= at)?.begins ?? false;
    for (const { from } of all) {
      if (from !== null && !believedAt(from))
        problems.push(
          `LOST: ${JSON.stringify(key)} was seen to begin at ${from}, and not told; told were ${around(told, from)}, ` +
            `kills were at ${kills.map((at) => at - from).filter((at) => Math.abs(at) < 20_000)}`,
        );
    }
    // Where nobody was for long enough, that was told before somebody came back.
    for (const { begin, end } of gaps(all)) {
      const lasted = lastingMs + lateMs;
      if (end - begin < lasted || kills.some((at) => at >= begin - lateMs && at <= begin + lasted)) continue;
      ends++;
      // Events of one request have the time of its first, up to 250 ms before their own.
      const isTold = told.some(
        (event) => !event.begins && event.at >= begin - batchMs && event.at <= begin + lasted,
      );
      if (believedAt(begin + lasted) && !isTold)
        problems.push(
          `LOST: ${JSON.stringify(key)} ended at ${begin}, and that was not told; told were ${around(told, begin)}, ` +
            `held was it ${all
              .map(({ asked, from, to }) => [asked, from ?? begin, to ?? begin].map((at) => at - begin))
              .filter(([at = 0]) => Math.abs(at) < 20_000)
              .join(' / ')}`,
        );
    }
  }
  return {
    problems,
    figures: {
      'subscriptions that clients saw': holds.filter(({ from }) => from !== null).length,
      'channels and members': holdsOf.size,
      'events that the endpoint got': events,
      'of these again': again,
      'ends that had to be told at once': ends,
    },
  };
}

function gaps(holds: readonly Hold[]): { begin: number; end: number }[] {
  const found: { begin: number; end: number }[] = [];
  let until = Number.POSITIVE_INFINITY;
  for (const { asked, to } of [...holds].sort((a, b) => a.asked - b.asked)) {
    if (asked > until) found.push({ begin: until, end: asked });
    const end = to ?? Number.POSITIVE_INFINITY;
    until = until === Number.POSITIVE_INFINITY ? end : Math.max(until, end);
  }
  return found;
}

/** What was told in the seconds before and after, as milliseconds from `at`. */
function around(told: readonly Told[], at: number): string {
  return told
    .filter((event) => Math.abs(event.at - at) < 20_000)
    .map((event) => `${event.begins ? '+' : '-'} at ${event.at - at}`)
    .join(', ');
}

function isNearAKill(at: number, kills: readonly number[], ms: number): boolean {
  return kills.some((kill) => Math.abs(kill - at) <= ms);
}
