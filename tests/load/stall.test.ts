import { expect, test } from 'bun:test';
import type { Measures } from './scenarios/scenario.ts';
import { startChild, startServer } from './servers.ts';

// In a process of its own, as for every scenario: its clients end the process when their server ends.
test('a server without CPU for 8 s gives up no polling session, and each gets every event', async () => {
  const server = await startServer('earshot');
  try {
    const { port, pid, app } = server;
    const scale = { warmUpMs: 0, measureMs: 0, connects: 300 };
    const generator = startChild([
      process.execPath,
      'tests/load/generator/main.ts',
      'polling-stall',
      JSON.stringify({ port, pid, app }),
      JSON.stringify(scale),
    ]);
    const [out, err] = await Promise.all([
      new Response(generator.stdout).text(),
      new Response(generator.stderr).text(),
    ]);
    expect(err).toBe('');
    expect(JSON.parse(out) as Measures).toEqual({ lost: 0, reopened: 0 });
  } finally {
    await server.stop();
  }
});
