import type { HookReceiver } from '../../support/hooks.ts';
import { room } from './clients.ts';

/** What an application was told of the members of the room and of the room itself. */
export interface Told {
  /** The names of what was told of each user, in order; of the channel under ''. */
  readonly stories: ReadonlyMap<string, readonly string[]>;
  /** Facts told. */
  readonly facts: number;
  /** Requests that came again with the same body, as one does that was under way when its node or the database died. */
  readonly repeated: number;
}

const begins = ['member_added', 'channel_occupied'];

/** Reads what came. A request that comes again has the same body, time and all (HOOK-8), and counts once. */
export function toldBy(hooks: HookReceiver): Told {
  const stories = new Map<string, string[]>();
  const bodies = new Set<string>();
  let facts = 0;
  let repeated = 0;
  for (const { body, events } of hooks.seen) {
    if (bodies.has(body)) {
      repeated++;
      continue;
    }
    bodies.add(body);
    for (const { name, channel, user_id: userId = '' } of events) {
      if (channel !== room) continue;
      facts++;
      const story = stories.get(String(userId)) ?? [];
      stories.set(String(userId), story);
      story.push(String(name));
    }
  }
  return { stories, facts, repeated };
}

/** Begin, end, begin, end: nothing told twice, nothing left out. */
export function alternates(story: readonly string[]): boolean {
  return story.every((name, i) => begins.includes(name) === (i % 2 === 0));
}

/** Whose story is not one of begins and ends by turns that ends with where they are. */
export function wrongStories(
  stories: ReadonlyMap<string, readonly string[]>,
  members: ReadonlySet<string>,
): string[] {
  const isInside = (userId: string) => (userId === '' ? members.size > 0 : members.has(userId));
  const known = new Set([...stories.keys(), ...members]);
  return [...known].flatMap((userId) => {
    const story = stories.get(userId) ?? [];
    const isRight = alternates(story) && (story.length % 2 === 1) === isInside(userId);
    return isRight ? [] : [`${userId || 'the channel'}: ${story.join(', ') || 'nothing'}`];
  });
}
