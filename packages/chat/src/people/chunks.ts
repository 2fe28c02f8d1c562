/** Ids in one statement: databases bound the number of parameters. */
const statementIds = 500;

/** Channels in one publish: as many as any Pusher host takes. */
export const channelsPerPublish = 100;

export function chunksOf<Item>(items: readonly Item[], size = statementIds): Item[][] {
  const chunks: Item[][] = [];
  for (let from = 0; from < items.length; from += size) chunks.push(items.slice(from, from + size));
  return chunks;
}
