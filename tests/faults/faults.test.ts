import { expect, test } from 'bun:test';
import { haproxyPath } from '../support/haproxy.ts';
import { postgresPath } from '../support/postgres.ts';
import { type PlayName, plays } from './plays/all.ts';
import { lacks, type Need } from './plays/play.ts';

/** Everything that comes and goes does so by this number. */
const seed = Number(process.env.EARSHOT_TEST_SEED ?? 1);

/** Programs that the run has said are missing; without the others a fault is played in another form. */
const isMissing: Record<Need, boolean> = {
  postgres: postgresPath === undefined,
  haproxy: haproxyPath === undefined,
  namespaces: false,
};

/** Where packets cannot be lost, relays hold up what nodes and Redis say to each other, and reset it. */
const instead: Partial<Record<PlayName, PlayName>> = { 'packets-lost': 'connections-reset' };

for (const name of Object.keys(plays) as PlayName[]) {
  const { title, needs } = plays[name];
  test.skipIf(needs.some((need) => isMissing[need]))(`${title} (seed ${seed})`, async () => {
    const reasons = (await Promise.all(needs.map(lacks))).filter((reason) => reason !== null);
    const played = reasons.length === 0 ? name : (instead[name] ?? name);
    if (played !== name) console.log(`${name} is played as ${played}: ${reasons.join(' and ')}`);
    // Another seed than that of the fault's own test, so that it is not the same once more.
    const figures = await plays[played].play(played === name ? seed : seed + 1, { brokers: 1, long: false });
    expect(figures.broken).toEqual([]);
    expect(figures.delivered).toBeGreaterThan(50);
    expect(figures.comings).toBeGreaterThan(5);
  });
}
