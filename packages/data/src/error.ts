/**
 * The data cannot be used, for a reason that the operator can act on: the message names the setting, what was
 * found and the remedy. To be shown without a stack.
 */
export class DataError extends Error {
  override readonly name = 'DataError';
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether SQLite says that another connection has the lock. */
export function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY');
}
