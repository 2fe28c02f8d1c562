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
  ]) {
    expect(decodeEnvelope(wrong)).toBeNull();
  }
});
