/** The thread of `sqlite-thread.ts`: runs statements on a connection of its own, one after the other. */
import type { Database as SqliteFile } from 'bun:sqlite';
import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { basename } from 'node:path';
import { openFile, statement } from './sqlite-file.ts';
import type { ThreadAnswer, ThreadRequest } from './sqlite-thread.ts';

declare const self: Worker;

/** How long a statement waits for another connection that writes. Nothing but this thread stands still. */
const busyTimeoutMs = 5_000;
let file: SqliteFile | undefined;

self.onmessage = ({ data }: MessageEvent<ThreadRequest>) => {
  let answer: ThreadAnswer;
  try {
    answer = { id: data.id, ...run(data) };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : null;
    answer = { id: data.id, failed: error instanceof Error ? error.message : String(error), code };
  }
  self.postMessage(answer);
};

/** A priority is that of a thread on Linux alone; elsewhere it would be that of the whole process. */
function beNice(niceness: number): void {
  if (process.platform === 'linux')
    setPriority(Number(basename(readlinkSync('/proc/thread-self'))), niceness);
}

function run(request: ThreadRequest): { rows: Record<string, unknown>[]; changes: number } {
  if (file === undefined) {
    file = openFile(request.path);
    file.run(`pragma busy_timeout = ${busyTimeoutMs}`);
    file.run('pragma foreign_keys = on');
    if (request.niceness > 0) beNice(request.niceness);
  }
  if (request.text === null) {
    file.close();
    file = undefined;
    return { rows: [], changes: 0 };
  }
  const prepared = statement(file, request.text);
  if (prepared.reader) return { rows: prepared.all(request.parameters), changes: 0 };
  return { rows: [], changes: prepared.run(request.parameters).changes };
}
