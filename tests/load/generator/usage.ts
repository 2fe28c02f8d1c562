import { readFileSync } from 'node:fs';

/** Linux counts CPU time for user space in hundredths of a second, whatever the kernel's own tick. */
const ticksPerSecond = 100;

/**
 * CPU time of a process since its start, user and system, all threads, in microseconds
 * (`/proc/<pid>/stat`, in steps of 10,000 µs).
 */
export function cpuMicros(pid: number): number {
  return parseCpuMicros(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

/** Processes that this one has started, such as workers. */
export function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean)
    .map(Number);
}

/** The same of a server: its process, and its workers if it has some. */
export function serverMicros(pid: number): number {
  return [pid, ...childrenOf(pid)].reduce((sum, one) => sum + cpuMicros(one), 0);
}

/** The process name stands in parentheses and may itself hold blanks and parentheses: count from the last one. */
export function parseCpuMicros(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  if (!Number.isFinite(ticks)) throw new Error(`no CPU time in ${JSON.stringify(stat)}`);
  return (ticks * 1e6) / ticksPerSecond;
}

export interface Memory {
  /** Resident bytes. */
  rss: number;
  /** Resident bytes, where a page shared by n processes counts 1/n. */
  pss: number;
}

/** Memory of a process in bytes (`/proc/<pid>/smaps_rollup`). */
export function memory(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const bytes = (name: string) => {
    const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text);
    if (found === null) throw new Error(`no ${name} in /proc/${pid}/smaps_rollup`);
    return Number(found[1]) * 1024;
  };
  return { rss: bytes('Rss'), pss: bytes('Pss') };
}

/**
 * Memory once it has come to rest: a runtime gives back what connections cost it only after a while.
 * Reads until four readings in a row lie within 1 % and 512 kB, or `patienceMs` has gone by.
 */
export async function settledMemory(pid: number, patienceMs: number): Promise<Memory> {
  const until = performance.now() + patienceMs;
  const last: Memory[] = [memory(pid)];
  for (;;) {
    await Bun.sleep(500);
    last.push(memory(pid));
    if (last.length > 4) last.shift();
    const sizes = last.map((m) => m.rss);
    const spread = Math.max(...sizes) - Math.min(...sizes);
    const rested = last.length === 4 && spread <= Math.max(512 * 1024, Math.min(...sizes) / 100);
    if (rested || performance.now() > until) return last[last.length - 1] as Memory;
  }
}
