import { Random } from './random.ts';

export const channels = [
  ...['news', 'private-a', 'cache-a', 'presence-a', 'presence-b', 'private-cache-b'],
] as const;
export type ChannelName = (typeof channels)[number];

export const nodeCount = 3;
export const clientCount = 6;
/** Fewer than clients, so that a user has connections on several nodes. */
export const userCount = 4;

/** What happens. A step that makes no sense where it stands (a dead node publishes) is passed over. */
export type Step =
  | { readonly do: 'connect' | 'disconnect'; readonly client: number; readonly node: number }
  | { readonly do: 'join' | 'leave' | 'whisper'; readonly client: number; readonly channel: ChannelName }
  | { readonly do: 'signIn'; readonly client: number }
  | {
      readonly do: 'publish';
      readonly node: number;
      readonly channel: ChannelName;
      readonly events: number;
      /** The client that is left out. */
      readonly except: number | null;
    }
  | { readonly do: 'terminate'; readonly node: number; readonly user: number }
  | { readonly do: 'kill' | 'restart' | 'cut'; readonly node: number }
  | { readonly do: 'pause' | 'slow'; readonly node: number; readonly ms: number }
  | { readonly do: 'wait'; readonly ms: number };

export type ClusterKind = 'memory' | 'workers';

/** All that decides a run; the seed is that of the network. */
export interface Schedule {
  readonly cluster: ClusterKind;
  readonly seed: number;
  readonly steps: readonly Step[];
}

const stepsMin = 10;
const stepsMax = 60;

/** The schedule of a seed: the same one for ever, as long as this function is. */
export function scheduleOf(seed: number, cluster: ClusterKind): Schedule {
  const random = new Random(seed, 'schedule');
  // Most schedules are busy within a short time; some let leases run out in between.
  const waitMs = random.pick([5, 30, 300]);
  // Many of them happen in few channels, where things meet.
  const here = random.chance(0.6) ? [random.pick(channels), random.pick(channels)] : channels;
  // In some, users come and go and nothing else happens.
  const isOfUsers = random.chance(0.15);
  const steps: Step[] = [];
  for (let client = 0; client < clientCount; client++) {
    if (random.chance(0.8)) steps.push({ do: 'connect', client, node: random.below(nodeCount) });
  }
  const count = random.between(stepsMin, stepsMax);
  for (let i = 0; i < count; i++) {
    if (isOfUsers) steps.push(...stepsOfUsers(random));
    else if (random.chance(0.07)) steps.push(...rush(random, random.pick(here)));
    else steps.push(stepOf(random, cluster, random.pick(here)));
    if (random.chance(0.6)) steps.push({ do: 'wait', ms: random.below(waitMs) });
  }
  return { cluster, seed, steps };
}

function stepsOfUsers(random: Random): Step[] {
  const client = random.below(clientCount);
  const node = random.below(nodeCount);
  if (random.chance(0.1)) return [{ do: 'slow', node, ms: random.pick([0, 20]) }];
  if (random.chance(0.45)) return [{ do: 'disconnect', client, node }];
  return [
    { do: 'connect', client, node },
    { do: 'signIn', client },
  ];
}

/** All clients come to a channel or leave it in the same moment. */
function rush(random: Random, channel: ChannelName): Step[] {
  const joinShare = random.next();
  return Array.from({ length: clientCount }, (_, client) => ({
    do: random.chance(joinShare) ? ('join' as const) : ('leave' as const),
    client,
    channel,
  }));
}

function stepOf(random: Random, cluster: ClusterKind, channel: ChannelName): Step {
  const client = random.below(clientCount);
  const node = random.below(nodeCount);
  const roll = random.below(100);
  if (roll < 30) return { do: 'join', client, channel };
  if (roll < 42) return { do: 'leave', client, channel };
  if (roll < 62) {
    const except = random.chance(0.3) ? client : null;
    return { do: 'publish', node, channel, events: random.pick([1, 1, 2, 12]), except };
  }
  if (roll < 70) return { do: 'whisper', client, channel };
  if (roll < 77) return { do: 'signIn', client };
  if (roll < 82) return { do: 'disconnect', client, node };
  if (roll < 89) return { do: 'connect', client, node };
  if (roll < 91) return { do: 'terminate', node, user: random.below(userCount) };
  if (roll < 93) return { do: 'kill', node };
  if (roll < 96) return { do: 'restart', node };
  if (cluster === 'memory') return { do: 'slow', node, ms: random.pick([20, 400]) };
  if (roll < 97) return { do: 'cut', node };
  if (roll < 98) return { do: 'slow', node, ms: random.pick([20, 400]) };
  return { do: 'pause', node, ms: random.pick([200, 2_000, 12_000]) };
}
