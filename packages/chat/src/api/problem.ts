/**
 * What a log may say of something that was thrown: what kind it is and where, without its text, which may quote what a
 * person wrote (a parser's message does, and so does a database's).
 */
export function describeError(error: unknown): { error: string; code?: string; at: readonly string[] } {
  if (!(error instanceof Error)) return { error: typeof error, at: [] };
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {};
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s*at /.test(line));
  const cause = error.cause instanceof Error ? [`caused by ${error.cause.name}`] : [];
  return { error: error.name, ...code, at: [...frames.slice(0, 8).map((frame) => frame.trim()), ...cause] };
}
