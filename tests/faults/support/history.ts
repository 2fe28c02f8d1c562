/** What one client has seen of a presence channel and of numbered events, in the order of arrival. */
export type Seen =
  | { readonly what: 'list'; readonly ids: readonly string[] }
  | { readonly what: 'added'; readonly id: string }
  | { readonly what: 'removed'; readonly id: string }
  | { readonly what: 'event'; readonly publisher: string; readonly number: number };

/** What is wrong with what a client has seen; all zero when nothing is. */
export interface Findings {
  /** Members told to come who were there, and members told to go who were not; events that came twice. */
  doubled: string[];
  /** Events that came after a later one of the same publisher. */
  outOfOrder: string[];
  /** Events that did not come. */
  lost: number;
  /** Members the client still sees who are gone. */
  ghosts: string[];
  /** Members that the client does not see. */
  missing: string[];
}

/**
 * Follows a history as pusher-js does.
 * @param members who is in the channel at the end
 * @param published how many numbered events each publisher has sent
 */
export function judge(
  history: readonly Seen[],
  members: ReadonlySet<string>,
  published: ReadonlyMap<string, number> = new Map(),
): Findings {
  const findings: Findings = { doubled: [], outOfOrder: [], lost: 0, ghosts: [], missing: [] };
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
    } else {
      const { publisher, number } = seen;
      const numbers = heard.get(publisher) ?? new Set();
      heard.set(publisher, numbers);
      if (numbers.has(number)) findings.doubled.push(`${publisher} ${number}`);
      else if (number < (last.get(publisher) ?? 0)) findings.outOfOrder.push(`${publisher} ${number}`);
      numbers.add(number);
      last.set(publisher, Math.max(number, last.get(publisher) ?? 0));
    }
  }
  for (const [publisher, count] of published) findings.lost += count - (heard.get(publisher)?.size ?? 0);
  findings.ghosts = [...list].filter((id) => !members.has(id)).sort();
  findings.missing = [...members].filter((id) => !list.has(id)).sort();
  return findings;
}
