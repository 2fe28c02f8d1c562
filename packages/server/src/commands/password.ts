import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

/**
 * A password from the terminal, typed twice and not shown; without a terminal the first line of standard input. Never an
 * argument, because those are seen by everybody on the machine.
 */
export async function readPassword(): Promise<string> {
  if (!process.stdin.isTTY) {
    const [line = ''] = (await new Response(Bun.stdin.stream()).text()).split(/\r?\n/, 1);
    return line;
  }
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true });
  const ask = async (question: string) => {
    process.stderr.write(question);
    const typed = await terminal.question('');
    process.stderr.write('\n');
    return typed;
  };
  try {
    for (;;) {
      const password = await ask('Password: ');
      if ((await ask('Again: ')) === password) return password;
      process.stderr.write('These were not the same.\n');
    }
  } finally {
    terminal.close();
  }
}
