import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { Chain, SharedMessage } from './chain.ts';
import { EventMemory } from './event-memory.ts';

function chainOf(texts: readonly string[]): Chain {
  const chain = texts.reduce<Chain | null>(
    (before, text) => new Chain(before, new SharedMessage(text)),
    null,
  );
  if (chain === null) throw new Error('a chain holds at least one message');
  return chain;
}

const dataOf = (bytes: Uint8Array | null) =>
  bytes === null
    ? null
    : [
        ...Buffer.from(bytes)
          .toString()
          .matchAll(/^data: (.*)$/gm),
      ].map(([, data]) => data);

test('SSE-4: wherever a client stopped reading, it gets the rest once and in order', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 20 }), (sizes) => {
      const memory = new EventMemory();
      const all: string[] = [];
      for (const size of sizes) {
        const texts = Array.from({ length: size }, (_, index) => `m${all.length + index}`);
        memory.encode(chainOf(texts));
        all.push(...texts);
      }
      for (let seen = 0; seen <= all.length; seen++)
        expect(dataOf(memory.after(seen))).toEqual(all.slice(seen));
      expect(memory.after(all.length + 1)).toBeNull();
    }),
  );
});

test('SSE-4: what is kept is bounded, and a client from before that is told so', () => {
  const memory = new EventMemory();
  const text = 'x'.repeat(1_000);
  for (let n = 0; n < 1_000; n++) memory.encode(chainOf([text]));
  const keptFrom = Array.from({ length: 1_001 }, (_, n) => n).find((n) => memory.after(n) !== null) ?? -1;
  expect(1_000 - keptFrom).toBeGreaterThan(50);
  expect(memory.after(keptFrom)?.length).toBeLessThan(66_000);
  expect(dataOf(memory.after(keptFrom))).toHaveLength(1_000 - keptFrom);
  expect(memory.after(1_000)).toHaveLength(0);
});

test('SSE-4: a message larger than all that is kept leaves nothing to go on with', () => {
  const memory = new EventMemory();
  memory.encode(chainOf(['small']));
  memory.encode(chainOf(['x'.repeat(100_000)]));
  expect(memory.after(0)).toBeNull();
  expect(memory.after(1)).toBeNull();
  expect(memory.after(2)).toHaveLength(0);
});
