import { type ChatErrorCode, chatErrors } from './contract/index.ts';

/**
 * A refusal on its way to the caller: thrown, so that the transaction around it is undone, and turned into an answer in one
 * place (`api/api.ts`). Everything else that is thrown is a bug and becomes `internal`.
 */
export class Refusal extends Error {
  readonly code: ChatErrorCode;
  readonly field: string | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: ChatErrorCode,
    more: { message?: string; field?: string; retryAfterSeconds?: number } = {},
  ) {
    super(more.message ?? chatErrors[code].message);
    this.code = code;
    this.field = more.field;
    this.retryAfterSeconds = more.retryAfterSeconds;
  }
}

/** @param more.message says more than the code's own text: found, expected, what to do. Never a secret or a body */
export function refuse(
  code: ChatErrorCode,
  more?: { message?: string; field?: string; retryAfterSeconds?: number },
): never {
  throw new Refusal(code, more);
}
