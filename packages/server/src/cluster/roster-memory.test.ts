import { ManualClock } from '@earshot/base';
import { type RosterUnderTest, rosterContract } from './roster.contract.ts';
import { MemoryRosterState } from './roster-memory.ts';

const leaseMs = 15_000;

rosterContract('memory roster', async () => {
  const clock = new ManualClock();
  const state = new MemoryRosterState();
  return {
    async connect() {
      const told: RosterUnderTest['told'] = [];
      const roster = state.connect(
        {
          told: (fact, origin) => told.push({ fact, origin }),
          onProblem: (stage) => {
            throw new Error(stage);
          },
        },
        clock,
        leaseMs,
      );
      return { roster, told, crash: async () => roster.crash() };
    },
    settled: async () => {},
    leasePassed: async () => clock.advance(leaseMs * 2),
  };
});
