import type { Log } from '@earshot/base';
import type { Config } from '../config.ts';
import { connectLink } from '../link/sockets.ts';
import { startWorker } from './worker.ts';

/** A worker's process, from its start to its end. @param args what `spawnWorker` was given */
export async function beWorker(
  config: Config,
  log: Log,
  [id = '', path = '']: readonly string[],
): Promise<void> {
  // Signals go to the whole group of a terminal or a service; the supervisor says what they mean.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
  process.on('uncaughtException', (error) => log.error({ err: error }, 'an exception was not caught'));
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'a rejection was not caught'));
  const link = await connectLink(path, (stage, error) => log.error({ err: error }, stage)).catch(() => {
    // The supervisor went while this process started.
    process.exit(1);
  });
  let isEnding = false;
  link.on('ping', () => null);
  // Before it serves, there is nothing to drain.
  link.onClose(() => {
    if (server === null) process.exit(1);
  });
  let server: Awaited<ReturnType<typeof startWorker>> | null = null;
  server = await startWorker({ config, log, link, id });
  const { drain } = server;
  const end = async (code: number, isReplaced: boolean) => {
    if (isEnding) return;
    isEnding = true;
    try {
      await drain(isReplaced);
    } catch (error) {
      log.error({ err: error }, 'the drain failed');
      process.exit(1);
    }
    process.exit(code);
  };
  link.on<boolean>('drain', (isReplaced) => void end(0, isReplaced));
  link.onClose(() => {
    if (isEnding) return;
    log.error('the supervisor is gone; draining');
    // Nobody is left to end a drain that hangs, as one may that waits for what the supervisor had.
    setTimeout(() => process.exit(1), config.drainSeconds * 2_000 + 10_000);
    // Whoever starts a supervisor again needs the port.
    void end(1, true);
  });
}
