import { afterEach } from 'bun:test';
import { systemClock } from '@earshot/base';
import { onRedis } from '../../../../tests/support/brokers.ts';
import { newFigures } from './redis/figures.ts';
import { Ring } from './redis/ring.ts';
import { serverOf } from './redis/servers.ts';
import { type RosterUnderTest, rosterContract } from './roster.contract.ts';
import { RedisRoster } from './roster-redis.ts';

/** Short, because these leases end by the clock of the broker, which no test can move. */
const leaseMs = 300;

const open: RedisRoster[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((roster) => roster.close()));
});

onRedis((fresh) => {
  rosterContract('Redis roster', async () => {
    const servers = fresh().map(serverOf);
    const ring = new Ring(servers.map(({ name }) => name));
    const alive = new Set<RedisRoster>();
    const settled = async () => {
      await Promise.all([...alive].map((roster) => roster.settled()));
    };
    return {
      async connect() {
        const told: RosterUnderTest['told'] = [];
        const problems: string[] = [];
        const roster = new RedisRoster({
          servers,
          ring,
          clock: systemClock,
          leaseMs,
          figures: newFigures(),
          say: (text) => problems.push(text),
          receiver: {
            told: (fact, origin) => told.push({ fact, origin }),
            onProblem: (stage, error) => problems.push(`${stage}: ${error}`),
          },
        });
        open.push(roster);
        alive.add(roster);
        await roster.settled();
        return {
          roster,
          told,
          crash: async () => {
            alive.delete(roster);
            roster.crash();
          },
        };
      },
      settled,
      async leasePassed() {
        await Bun.sleep(leaseMs * 2.5);
        await settled();
      },
    };
  });
});
