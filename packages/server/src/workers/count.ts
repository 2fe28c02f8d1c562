import { availableParallelism } from 'node:os';
import type { Config } from '../config.ts';
import { StartError } from '../start-error.ts';

/** How many processes serve: 1 means that there are none but this one. */
export function workersOf(config: Config): number {
  if (config.workers === '1') return 1;
  if (process.platform !== 'linux') {
    if (config.workers === 'auto') return 1;
    throw new StartError(
      `EARSHOT_WORKERS is ${config.workers}, and this is ${process.platform}. Only Linux shares one port evenly among processes: set it to 1 or auto`,
    );
  }
  return config.workers === 'auto' ? availableParallelism() : Number(config.workers);
}
