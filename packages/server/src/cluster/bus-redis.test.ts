import { afterEach } from 'bun:test';
import { systemClock } from '@earshot/base';
import { onRedis } from '../../../../tests/support/brokers.ts';
import { type BusUnderTest, busContract } from './bus.contract.ts';
import { RedisBus } from './bus-redis.ts';
import type { Envelope } from './envelope.ts';
import { newFigures } from './redis/figures.ts';
import { Ring } from './redis/ring.ts';
import { serverOf } from './redis/servers.ts';

const open: RedisBus[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((bus) => bus.close()));
});

interface RedisBusUnderTest extends BusUnderTest {
  readonly bus: RedisBus;
  readonly figures: ReturnType<typeof newFigures>;
  readonly said: string[];
}

function network(urls: readonly string[]) {
  const servers = urls.map(serverOf);
  const ring = new Ring(servers.map(({ name }) => name));
  const buses: RedisBus[] = [];
  return {
    async connect(): Promise<RedisBusUnderTest> {
      const received: [string, Envelope][] = [];
      const figures = newFigures();
      const said: string[] = [];
      const bus = new RedisBus({
        servers,
        ring,
        clock: systemClock,
        figures,
        say: (text) => said.push(text),
        receiver: {
          received: (topic, envelope) => received.push([topic, envelope]),
          onProblem: (stage) => said.push(stage),
        },
      });
      open.push(bus);
      buses.push(bus);
      await bus.listen(`1/ready-${buses.length}`);
      return {
        bus,
        received,
        figures,
        said,
        // What each has relayed is at the brokers; then all that is on its way to each arrives before its own beacon.
        async settled() {
          for (let round = 0; round < 2; round++) await Promise.all(buses.map((one) => one.settled()));
        },
      };
    },
  };
}

onRedis((fresh) => {
  busContract('Redis bus', async () => network(fresh()));
});
