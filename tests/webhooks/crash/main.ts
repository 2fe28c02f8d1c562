/**
 * What webhooks tell, over crashes: the server is killed at random moments while stock clients come and go.
 *
 *   bun tests/webhooks/crash/main.ts                     200 kills (`npm run test:long`)
 *   bun tests/webhooks/crash/main.ts --kills 5 --seed 7
 */
import { parseArgs } from 'node:util';
import { crash } from './run.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    clients: { type: 'string', default: '8' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const { problems, figures } = await crash({
  kills: Number(values.kills),
  clients: Number(values.clients),
  seed: Number(values.seed),
  patienceMs: 60_000,
  say: (line) => console.log(line),
});
for (const [name, figure] of Object.entries(figures)) console.log(`${name.padEnd(36)} ${figure}`);
for (const problem of problems.slice(0, 50)) console.log(`FAILED: ${problem}`);
console.log(problems.length === 0 ? 'every change was told, in order' : `${problems.length} problems`);
process.exit(problems.length === 0 ? 0 : 1);
