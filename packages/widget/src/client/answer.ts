import type { ChatErrorBody } from '@earshot/chat/contract';
import type { Problem } from '../store/problem.ts';

/** What became of a request: its value, or what went wrong. Refusals are values; only bugs throw. */
export type Answer<T> =
  | { readonly problem: null; readonly value: T }
  | { readonly problem: Problem; readonly value: null };

export const answered = <T>(value: T): Answer<T> => ({ problem: null, value });

export const failed = (problem: Problem): Answer<never> => ({ problem, value: null });

/** No answer came, or one that says nothing about what was asked: it may have been done, and may be tried again. */
export function mayHaveHappened({ code }: Problem): boolean {
  return code === 'network' || code === 'internal' || code === 'unavailable';
}

/** A body of the server's refusals as a problem; `fallback` for anything else. */
export function problemOf(body: unknown, fallback: Problem['code']): Problem {
  const error = (body as Partial<ChatErrorBody> | null)?.error;
  if (typeof error?.code !== 'string') return { code: fallback };
  return {
    code: error.code,
    ...(error.field === undefined ? {} : { detail: error.field }),
    ...(error.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: error.retryAfterSeconds }),
  };
}
