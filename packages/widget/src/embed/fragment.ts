/** Fragment by which a page that holds the widget is opened at a conversation; `/chat` takes `#c=ID`, too. */
export const fragmentOf = (conversation: string): string => `#earshot=${conversation}`;

export function conversationIn(hash: string): string | null {
  const found = /^#(?:earshot|c)=([\w-]{22})$/.exec(hash);
  return found === null ? null : (found[1] as string);
}

/** By which a page is opened at a report, for moderators whom that page's site signs in. */
export const reportFragment = (report: string): string => `#earshot-report=${report}`;

export function reportIn(hash: string): string | null {
  return /^#earshot-report=([\w-]{22})$/.exec(hash)?.[1] ?? null;
}
