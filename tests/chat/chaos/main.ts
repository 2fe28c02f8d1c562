/**
 * Nothing lost, nothing doubled, order kept: people write while connections are cut, tabs sleep and the server is killed.
 *
 *   bun tests/chat/chaos/main.ts                          10,000 messages, 20 kills (`npm run test:long`)
 *   bun tests/chat/chaos/main.ts --messages 300 --kills 2   as `chaos.test.ts` does
 */
import { parseArgs } from 'node:util';
import { chaos } from './run.ts';

const { values } = parseArgs({
  options: {
    chatters: { type: 'string', default: '20' },
    messages: { type: 'string', default: '10000' },
    kills: { type: 'string', default: '20' },
  },
});
const [chatters, messages, kills] = [values.chatters, values.messages, values.kills].map(Number) as [
  number,
  number,
  number,
];
const { problems, figures } = await chaos({
  ...{ chatters, messages, kills },
  patienceMs: 60_000,
  say: (line) => console.log(line),
});
for (const [name, figure] of Object.entries(figures)) console.log(`${name.padEnd(26)} ${figure}`);
for (const problem of problems.slice(0, 50)) console.log(`FAILED: ${problem}`);
console.log(problems.length === 0 ? '0 lost, 0 doubled, order kept' : `${problems.length} problems`);
process.exit(problems.length === 0 ? 0 : 1);
