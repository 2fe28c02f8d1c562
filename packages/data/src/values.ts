type Row = Record<string, unknown>;

/** Makes rows of both databases alike: whole numbers are numbers, booleans 0 and 1. Changes the row. */
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
