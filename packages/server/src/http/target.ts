/** The two halves of a request's URL, exactly as they were sent. */
export interface Target {
  /** Not decoded, with the leading slash. */
  readonly path: string;
  /** Not decoded, without the question mark. */
  readonly query: string;
}

/** @param url as Bun gives it: absolute, or only the path where the `Host` header was no host */
export function targetOf(url: string): Target {
  const start = url.startsWith('/') ? 0 : url.indexOf('/', url.indexOf('://') + 3);
  const question = url.indexOf('?', start);
  if (question === -1) return { path: url.slice(start), query: '' };
  return { path: url.slice(start, question), query: url.slice(question + 1) };
}

/** The path without the configured prefix (`EARSHOT_PATH`), or null when it is not below the prefix. */
export function belowPrefix(path: string, prefix: string): string | null {
  if (prefix === '') return path;
  if (path === prefix) return '/';
  return path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : null;
}
