/** Items of a list that are encoded in one go: a few, so that others get their turn in between. */
const itemsAtOnce = 100;
/** Objects are taken apart so deep; what is inside is encoded in one go. */
const depthMost = 2;

/**
 * A JSON object as a stream, so that a large one is never in memory at once. Values may be async iterables: they become
 * lists. An error ends the stream in the middle, which its reader notices.
 */
export function jsonStream(entries: AsyncIterable<readonly [string, unknown]>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const pieces = object(entries);
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await pieces.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      await pieces.return(undefined);
    },
  });
}

async function* object(
  entries: AsyncIterable<readonly [string, unknown]> | Iterable<readonly [string, unknown]>,
  depth = 0,
): AsyncGenerator<string, void> {
  let before = '{';
  for await (const [name, data] of entries) {
    yield `${before}${JSON.stringify(name)}:`;
    before = ',';
    yield* value(data, depth + 1);
  }
  yield before === '{' ? '{}' : '}';
}

async function* value(data: unknown, depth: number): AsyncGenerator<string, void> {
  if (isList(data)) yield* list(data);
  else if (typeof data === 'object' && data !== null && depth < depthMost) {
    yield* object(Object.entries(data), depth);
  } else yield JSON.stringify(data) ?? 'null';
}

async function* list(items: AsyncIterable<unknown> | Iterable<unknown>): AsyncGenerator<string, void> {
  let waiting: string[] = [];
  let before = '[';
  for await (const item of items) {
    waiting.push(JSON.stringify(item) ?? 'null');
    if (waiting.length < itemsAtOnce) continue;
    yield before + waiting.join(',');
    before = ',';
    waiting = [];
  }
  if (waiting.length > 0) yield before + waiting.join(',');
  yield before === '[' && waiting.length === 0 ? '[]' : ']';
}

function isList(data: unknown): data is AsyncIterable<unknown> | readonly unknown[] {
  return Array.isArray(data) || (typeof data === 'object' && data !== null && Symbol.asyncIterator in data);
}
