/** What one client has seen of a presence channel and of numbered events, in the order of arrival; times in milliseconds. */
export type Seen =
  | { readonly what: 'list'; readonly ids: readonly string[] }
  | { readonly what: 'added'; readonly id: string }
  | { readonly what: 'removed'; readonly id: string }
  | { readonly what: 'event'; readonly publisher: string; readonly number: number; readonly at: number }
  /** Its connection is lost; from now on it hears nothing. */
  | { readonly what: 'away'; readonly at: number }
  /** It is subscribed to everything, for the first time or again. */
  | { readonly what: 'here'; readonly at: number };

/** An event that was taken by a server. The number is its place in what its publisher has sent, beginning with 1. */
export interface Sent {
  readonly sentAt: number;
  readonly answeredAt: number;
  /** Which node took it, where a balancer chose: events that several nodes took have no order between them. */
  readonly by?: string | undefined;
}

/** An event that a client should have heard and has not. */
export interface Lost extends Sent {
  readonly publisher: string;
  readonly number: number;
}

/** What is wrong with what a client has seen; all empty when nothing is. */
export interface Findings {
  /** Members told to come who were there, and members told to go who were not; events that came twice. */
  doubled: string[];
  /** Events that came after a later one of the same publisher. */
  outOfOrder: string[];
  /** Events that did not come, although the client was subscribed when they were sent and for some time after that. */
  lost: Lost[];
  /** Members the client still sees who are gone. */
  ghosts: string[];
  /** Members that the client does not see. */
  missing: string[];
}

/** An event may still be on its way when a client goes; one that was accepted so long before should have come. */
export const onTheWayMs = 2_000;

/**
 * Follows a history as pusher-js does.
 * @param members who is in the channel at the end
 * @param published the numbered events that each publisher has sent
 */
export function judge(
  history: readonly Seen[],
  members: ReadonlySet<string>,
  published: ReadonlyMap<string, readonly Sent[]> = new Map(),
): Findings {
  const findings: Findings = { doubled: [], outOfOrder: [], lost: [], ghosts: [], missing: [] };
  let list = new Set<string>();
  const heard = new Map<string, Set<number>>();
  const last = new Map<string, number>();
  for (const seen of history) {
    if (seen.what === 'list') {
      list = new Set(seen.ids);
    } else if (seen.what === 'added') {
      if (list.has(seen.id)) findings.doubled.push(`${seen.id} added`);
      list.add(seen.id);
    } else if (seen.what === 'removed') {
      if (!list.delete(seen.id)) findings.doubled.push(`${seen.id} removed`);
    } else if (seen.what === 'event') {
      const { publisher, number } = seen;
      const stream = `${publisher} by ${published.get(publisher)?.[number - 1]?.by ?? ''}`;
      const numbers = heard.get(publisher) ?? new Set();
      heard.set(publisher, numbers);
      if (numbers.has(number)) findings.doubled.push(`${publisher} ${number}`);
      else if (number < (last.get(stream) ?? 0)) findings.outOfOrder.push(`${publisher} ${number}`);
      numbers.add(number);
      last.set(stream, Math.max(number, last.get(stream) ?? 0));
    }
  }
  const stays = staysOf(history);
  for (const [publisher, events] of published) {
    for (const [index, sent] of events.entries()) {
      const number = index + 1;
      if (heard.get(publisher)?.has(number)) continue;
      const wasHere = ({ from, until }: Stay) => from <= sent.sentAt && sent.answeredAt + onTheWayMs <= until;
      if (stays.some(wasHere)) findings.lost.push({ publisher, number, ...sent });
    }
  }
  findings.ghosts = [...list].filter((id) => !members.has(id)).sort();
  findings.missing = [...members].filter((id) => !list.has(id)).sort();
  return findings;
}

interface Stay {
  readonly from: number;
  readonly until: number;
}

/** From when till when the client was subscribed; the last one has no end, if it was so at the end. */
function staysOf(history: readonly Seen[]): Stay[] {
  const stays: Stay[] = [];
  let from: number | null = null;
  for (const seen of history) {
    if (seen.what === 'here') from ??= seen.at;
    if (seen.what !== 'away' || from === null) continue;
    stays.push({ from, until: seen.at });
    from = null;
  }
  if (from !== null) stays.push({ from, until: Number.POSITIVE_INFINITY });
  return stays;
}

/** How long the client was not subscribed each time that it was away; one that is not back yet does not count. */
export function outages(history: readonly Seen[]): number[] {
  const all: number[] = [];
  let since: number | null = null;
  for (const seen of history) {
    if (seen.what === 'away') since ??= seen.at;
    if (seen.what !== 'here' || since === null) continue;
    all.push(seen.at - since);
    since = null;
  }
  return all;
}
