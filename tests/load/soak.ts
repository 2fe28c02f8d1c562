/**
 * Opens and closes many connections, in all the ways in which they come and go (`soak/visits.ts`), and shows
 * that the server is then as it was before: no connection, subscription or channel left in its books, and its memory
 * back. Meanwhile a witness must receive every event, so nobody is stalled.
 *
 *   bun tests/load/soak.ts                       100,000 connections (`npm run test:long`), about two minutes
 *   bun tests/load/soak.ts --connections 3000    as `soak.test.ts` does
 */
import { parseArgs } from 'node:util';
import { megabytes, type Reading, soak } from './soak/run.ts';

/** One line of the curve: a bar of one block for each 3 MB. */
function line({ connections, rssBytes, atRest }: Reading): string {
  const bar = (atRest ? '█' : '░').repeat(Math.round(rssBytes / 2 ** 20 / 3));
  return `${String(connections).padStart(9)} ${megabytes(rssBytes).padStart(9)} ${bar}`;
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { connections: { type: 'string', default: '100000' } } });
  const connections = Number(values.connections);
  if (!Number.isInteger(connections) || connections < 1000 || connections > 10_000_000) {
    throw new RangeError(`--connections is ${values.connections}; expected a whole number from 1000`);
  }
  console.log('Memory of the server while connections come and go (░), and at rest (█):');
  const startedAt = performance.now();
  const every = Math.max(500, Math.floor(connections / 20));
  let next = 0;
  const result = await soak(connections, (reading) => {
    if (!reading.atRest && reading.connections < next) return;
    console.log(line(reading));
    if (!reading.atRest) next = reading.connections + every;
  });
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  console.log(`${connections} connections in ${seconds} s; memory grew by ${megabytes(result.grownBytes)}`);
  for (const problem of result.problems) console.log(`FAILED: ${problem}`);
  return result.problems.length === 0 ? 0 : 1;
}

try {
  process.exit(await main());
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exit(2);
}
