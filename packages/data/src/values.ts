type Row = Record<string, unknown>;

/** What both databases take alike: booleans go in as 0 and 1. */
export function toDatabase(value: unknown): unknown {
  if (typeof value === 'boolean') return value ? 1 : 0;
  return value === undefined ? null : value;
}

/** What both databases give alike: whole numbers as numbers, booleans as 0 and 1. Changes the row. */
export function fromDatabase(row: Row): Row {
  for (const column in row) {
    const value = row[column];
    if (typeof value === 'bigint') row[column] = exactNumber(column, value);
    else if (typeof value === 'boolean') row[column] = value ? 1 : 0;
  }
  return row;
}

function exactNumber(column: string, value: bigint): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw new RangeError(`Column ${column} holds ${value}, which a number of JavaScript cannot hold exactly`);
}
