/**
 * A process that runs a module of ours, to test what several processes do to each other. The module says `ready`, waits
 * for a line, does its work and says how it went; so all of them can be let go at the same moment.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export class Child implements AsyncDisposable {
  readonly process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #errors = '';

  /** @param module absolute path */
  constructor(module: string, ...args: string[]) {
    const child = spawn(process.execPath, [module, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    child.stderr.on('data', (chunk) => {
      this.#errors += chunk;
    });
    this.#lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    this.process = child;
  }

  /** The next line that it writes. */
  async line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`the process ended: ${this.#errors}`);
    return value;
  }

  tell(line: string): void {
    this.process.stdin?.write(`${line}\n`);
  }

  /** Ends it without a chance to clean up. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.kill('SIGKILL');
    await ended;
  }
}
