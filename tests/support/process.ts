import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { Api } from './api.ts';
import { temporaryFolder, vectorApp } from './server.ts';
import { patienceMs, WebSocketWire, type Wire } from './wire.ts';

const main = join(import.meta.dirname, '../../packages/server/src/main.ts');

/** The server as people run it, in a process of its own; use with `await using`. */
export class EarshotProcess implements AsyncDisposable {
  readonly app = vectorApp;
  /** The exit code; null when a signal ended the process. */
  readonly exited: Promise<number | null>;
  port = 0;
  readonly #child: ChildProcess;
  readonly #folder: AsyncDisposable;
  #output = '';
  #wake: () => void = () => undefined;

  /** Starts it with these settings besides those of a test server, and waits until it listens. */
  static async start(env: Record<string, string> = {}, patience = 2 * patienceMs): Promise<EarshotProcess> {
    const folder = await temporaryFolder();
    const child = spawn(process.execPath, [main], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        EARSHOT_PORT: '0',
        EARSHOT_DATA_DIR: join(folder.path, 'data'),
        EARSHOT_APP_ID: vectorApp.id,
        EARSHOT_APP_KEY: vectorApp.key,
        EARSHOT_APP_SECRET: vectorApp.secret,
        ...env,
      },
    });
    const earshot = new EarshotProcess(child, folder);
    try {
      const [, port] = await earshot.logged(/"url":"http:\/\/127\.0\.0\.1:(\d+)"/, patience);
      earshot.port = Number(port);
      return earshot;
    } catch (error) {
      await earshot[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(child: ChildProcess, folder: AsyncDisposable) {
    this.#child = child;
    this.#folder = folder;
    this.exited = new Promise((resolve) => child.once('exit', (code) => resolve(code)));
    void this.exited.then(() => this.#wake());
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk) => {
        this.#output += chunk;
        this.#wake();
      });
    }
  }

  /** Signed requests to it. */
  get api(): Api {
    return new Api(`http://127.0.0.1:${this.port}`, this.app, () => Math.floor(Date.now() / 1000));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** All that it has written. */
  get output(): string {
    return this.#output;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Waits until the output matches, and gives the match. */
  async logged(pattern: RegExp, patience = 2 * patienceMs): Promise<RegExpExecArray> {
    const deadline = performance.now() + patience;
    for (;;) {
      const found = pattern.exec(this.#output);
      if (found !== null) return found;
      if (!this.isRunning) throw new Error(`the server ended; it wrote:\n${this.#output}`);
      if (performance.now() > deadline)
        throw new Error(`waited for ${pattern}; the server wrote:\n${this.#output}`);
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      const timer = setTimeout(resolve, deadline - performance.now());
      await promise.finally(() => clearTimeout(timer));
    }
  }

  /** An established connection. */
  async connect(): Promise<Wire> {
    const wire = await WebSocketWire.open({ port: this.port, path: `/app/${this.app.key}?protocol=7` });
    const first = await wire.next('pusher:connection_established');
    wire.socketId = JSON.parse(String(first.data)).socket_id;
    return wire;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isRunning) {
      this.#child.kill('SIGKILL');
      await this.exited;
    }
    await this.#folder[Symbol.asyncDispose]();
  }
}
