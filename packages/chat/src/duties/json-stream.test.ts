import { expect, test } from 'bun:test';
import { jsonStream } from './json-stream.ts';

async function* pairs(data: Record<string, unknown>) {
  yield* Object.entries(data);
}

const written = (data: Record<string, unknown>) => new Response(jsonStream(pairs(data))).text();

test('what comes in pieces is what would have come at once', async () => {
  const deep = { a: [{ b: { c: [1, null, 'x"\n'] } }], d: {}, e: [], f: null, g: undefined, h: { i: [] } };
  for (const data of [
    {},
    { one: 1 },
    deep,
    { deep, list: Array.from({ length: 1_001 }, (_, i) => ({ i })) },
  ]) {
    expect(JSON.parse(await written(data))).toEqual(JSON.parse(JSON.stringify(data, nullFor)));
  }
  for (const length of [99, 100, 101, 200]) {
    const list = Array.from({ length }, (_, i) => i);
    expect(JSON.parse(await written({ list }))).toEqual({ list });
  }
});

test('a list may come from a source that is read as it is written', async () => {
  let asked = 0;
  async function* items() {
    for (; asked < 10_000; asked++) yield { asked };
  }
  const reader = jsonStream(pairs({ items: items() })).getReader();
  for (let i = 0; i < 3; i++) await reader.read();
  expect(asked).toBeWithin(100, 1_000);
  await reader.cancel();
  expect(asked).toBeLessThan(1_000);
});

test('an error breaks the download off', async () => {
  async function* failing() {
    yield 1;
    throw new Error('the database went away');
  }
  await expect(new Response(jsonStream(pairs({ list: failing() }))).text()).rejects.toThrow();
});

/** `JSON.stringify` leaves members out that are undefined; a stream has written their name by then. */
function nullFor(_name: string, data: unknown): unknown {
  return data === undefined ? null : data;
}
