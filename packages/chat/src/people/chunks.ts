/** Ids in one statement: databases bound the number of parameters. */
const statementIds = 500;

export function chunksOf<Item>(items: readonly Item[], size = statementIds): Item[][] {
  const chunks: Item[][] = [];
  for (let from = 0; from < items.length; from += size) chunks.push(items.slice(from, from + size));
  return chunks;
}
