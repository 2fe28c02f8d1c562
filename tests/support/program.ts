import { type ChildProcess, spawn } from 'node:child_process';
import { connect, createServer } from 'node:net';

/** How long a program may take until it listens; a busy machine needs more than an idle one. */
const startMs = 30_000;
/** How often a port that nothing listens on yet is tried again. */
const retryMs = 20;
const loopback = '127.0.0.1';

/** A program that tests run against, listening on `port` of 127.0.0.1; use with `await using`. */
export class Program implements AsyncDisposable {
  constructor(
    readonly port: number,
    readonly process: ChildProcess,
    readonly output: () => string,
  ) {}

  get pid(): number {
    return this.process.pid ?? 0;
  }

  /** Ends it, and resolves when it has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    this.process.kill('SIGTERM');
    await ended;
  }
}

/** Whom a program runs as, where that is not who runs the tests. */
export interface RunAs {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Starts a program on a free port and waits until it listens.
 * @param command gets the port; its array is the program and its arguments. It may write a configuration file first.
 * @param host where it listens, if not on 127.0.0.1
 * @throws with the program's output when it ends or does not listen
 */
export async function startProgram(
  command: (port: number) => string[] | Promise<string[]>,
  runAs?: RunAs,
  host = loopback,
): Promise<Program> {
  // Between finding a free port and its use by the program another may take it; then the next one is tried.
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const [path = '', ...args] = await command(port);
    try {
      return await startOn({ port, host }, path, args, runAs);
    } catch (error) {
      if (attempt === 3 || !/in use/i.test(String(error))) throw error;
    }
  }
}

/** Below those that systems give to clients: of these, one could be in use by a connection when a program wants it again. */
const [firstPort, ports] = [20_000, 12_000];

/** A port of 127.0.0.1 that nothing listens on at this moment. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = firstPort + Math.floor(Math.random() * ports);
    const listener = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      listener.once('error', () => resolve(false));
      listener.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise((resolve) => listener.close(resolve));
    return port;
  }
}

/** Starts a program that listens on this very port, as one that ended there is started again. */
export function startProgramOn(port: number, command: readonly string[], runAs?: RunAs): Promise<Program> {
  const [path = '', ...args] = command;
  return startOn({ port, host: loopback }, path, args, runAs);
}

interface Place {
  readonly port: number;
  readonly host: string;
}

async function startOn(place: Place, path: string, args: string[], runAs?: RunAs): Promise<Program> {
  const child = spawn(path, args, { stdio: ['ignore', 'pipe', 'pipe'], ...runAs });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  let failure: string | undefined;
  child.on('error', (error) => (failure = error.message));
  child.on('exit', (code, signal) => (failure = `it ended with ${signal ?? `status ${code}`}`));
  const deadline = Date.now() + startMs;
  while (failure === undefined) {
    if (await accepts(place)) return new Program(place.port, child, () => output);
    if (Date.now() > deadline) {
      child.kill('SIGKILL');
      failure = `it does not listen on port ${place.port} after ${startMs / 1000} s`;
    }
    await Bun.sleep(retryMs);
  }
  throw new Error(`${path} did not start: ${failure}\n${output}`);
}

function accepts({ port, host }: Place): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}
