/**
 * Ends the process with a message. Bun hands what a socket's callback throws to that socket's `error`
 * callback and carries on, and a generator that has lost a client would measure nonsense.
 */
export function fatal(error: unknown): never {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : error}\n`);
  process.exit(1);
}
