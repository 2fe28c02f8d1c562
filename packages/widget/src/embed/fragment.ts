/** Fragment by which a page that holds the widget is opened at a conversation; `/chat` takes `#c=ID`, too. */
export const fragmentOf = (conversation: string): string => `#earshot=${conversation}`;

export function conversationIn(hash: string): string | null {
  const found = /^#(?:earshot|c)=([\w-]{22})$/.exec(hash);
  return found === null ? null : (found[1] as string);
}
