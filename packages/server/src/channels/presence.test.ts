import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { PresenceList } from './presence.ts';

interface Presence {
  ids: string[];
  hash: Record<string, unknown>;
  count: number;
}

function presenceIn(frame: string): Presence {
  const { data } = JSON.parse(frame) as { data: string };
  return (JSON.parse(data) as { presence: Presence }).presence;
}

test('PRES-1: the frame of an empty list, byte for byte', () => {
  expect(new PresenceList().succeededFrame('presence-a')).toBe(
    '{"event":"pusher_internal:subscription_succeeded","channel":"presence-a","data":"{\\"presence\\":{\\"ids\\":[],\\"hash\\":{},\\"count\\":0}}"}',
  );
});

test('PRES-1: the frame of two members, byte for byte', () => {
  const list = new PresenceList();
  list.set('1', '{"name":"A"}');
  list.set('2', null);
  expect(list.succeededFrame('presence-a')).toBe(
    '{"event":"pusher_internal:subscription_succeeded","channel":"presence-a","data":"{\\"presence\\":{\\"ids\\":[\\"1\\",\\"2\\"],\\"hash\\":{\\"1\\":{\\"name\\":\\"A\\"},\\"2\\":{}},\\"count\\":2}}"}',
  );
});

test('PRES-1: after any joins, changes and leaves the frame says who is there', () => {
  const userId = fc.oneof(
    fc.constantFrom('1', '2', '__proto__', 'constructor', '"\\\u2028'),
    fc.string({ minLength: 1 }),
  );
  const change = fc.record({
    leaves: fc.boolean(),
    userId,
    info: fc.option(fc.dictionary(fc.string(), fc.jsonValue())),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), fc.boolean(), (changes, readBetween) => {
      const list = new PresenceList();
      const model = new Map<string, string | null>();
      for (const { leaves, userId, info } of changes) {
        if (leaves) {
          expect(list.delete(userId)).toBe(model.delete(userId));
        } else {
          const text = info === null ? null : JSON.stringify(info);
          list.set(userId, text);
          model.set(userId, text);
        }
        if (readBetween) list.succeededFrame('presence-a');
      }
      const presence = presenceIn(list.succeededFrame('presence-a'));
      expect(new Set(presence.ids)).toEqual(new Set(model.keys()));
      expect(presence.ids.length).toBe(model.size);
      expect(presence.count).toBe(model.size);
      const expected = JSON.parse(
        `{${[...model].map(([id, info]) => `${JSON.stringify(id)}:${info ?? '{}'}`).join(',')}}`,
      );
      expect(presence.hash).toEqual(expected);
    }),
    { numRuns: Number(process.env.EARSHOT_TEST_RUNS ?? 200) },
  );
});
