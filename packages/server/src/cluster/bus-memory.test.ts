import { expect, test } from 'bun:test';
import { type BusUnderTest, busContract } from './bus.contract.ts';
import { MemoryBusNetwork } from './bus-memory.ts';
import { decodeEnvelope, encodeEnvelope } from './envelope.ts';

busContract('memory bus', async () => {
  const network = new MemoryBusNetwork();
  return {
    async connect() {
      const received: BusUnderTest['received'] = [];
      const bus = network.connect({
        received: (topic, envelope) => received.push([topic, envelope]),
        onProblem: (stage) => {
          throw new Error(stage);
        },
      });
      return { bus, received, settled: async () => {} };
    },
  };
});

test('an envelope of another format, or none at all, is not read', () => {
  const text = encodeEnvelope({ kind: 'apps-changed' });
  expect(decodeEnvelope(text)).toEqual({ kind: 'apps-changed' });
  expect(decodeEnvelope(text.replace('1', '2'))).toBeNull();
  for (const wrong of [
    '',
    '{}',
    '[1]',
    '[1,{}]',
    '[1,{"kind":"event"}]',
    '[1,{"kind":"terminate"}]',
    '[1,null]',
    '[1,{"kind":1}]',
    '[1,{"kind":"alive","node":"","isNew":true}]',
    '[1,{"kind":"gone"}]',
    '[1,{"kind":"ask","node":"n","id":1.5,"about":"a","data":1}]',
    '[1,{"kind":"ask","node":"n","id":1,"about":"a"}]',
    '[1,{"kind":"answer","node":"n","id":"1","has":true,"data":1}]',
    '[1,{"kind":"told","node":7,"about":"a","data":1}]',
  ]) {
    expect(decodeEnvelope(wrong)).toBeNull();
  }
});

test('what a newer node says is taken for what it is, and does no harm', () => {
  expect(decodeEnvelope('[1,{"kind":"from-the-future","x":1}]')).toEqual({ kind: 'unknown' });
  expect(decodeEnvelope('[1,{"kind":"__proto__"}]')).toEqual({ kind: 'unknown' });
});
