import type { ApiError } from '@earshot/dashboard';
import type { Context } from 'hono';

/** Every refusal of the dashboard's API, with its status. */
export const apiErrors = {
  signed_out: { status: 401, when: 'there is no session, or it has ended' },
  forbidden: {
    status: 403,
    when: 'name, password or link are wrong, or the request comes from a page of another site',
  },
  not_found: { status: 404, when: 'there is nothing of that name or id, or no such address' },
  method_not_allowed: { status: 405, when: 'the address takes other methods; `Allow` names them' },
  invalid: { status: 400, when: 'something in the request is not as expected; `field` says what' },
  too_large: { status: 413, when: 'the body, or the data of an event, is too large' },
  conflict: { status: 409, when: 'what was asked for does not go together with what is there' },
  locked: { status: 409, when: 'an environment variable holds it, or it has to stay' },
  too_many: { status: 429, when: 'a limit is reached; `retryAfterSeconds` says for how long' },
  unavailable: { status: 503, when: 'the server cannot do it at the moment' },
  internal: { status: 500, when: 'the server failed; the reason is in its log' },
} as const satisfies Record<string, { status: number; when: string }>;

export type ApiErrorCode = keyof typeof apiErrors;

/** A request that is not carried out. Thrown, because it ends whatever is under way; becomes an answer in one place. */
export class DeskRefusal extends Error {
  override readonly name = 'DeskRefusal';
  constructor(
    readonly code: ApiErrorCode,
    message: string,
    readonly more: Pick<ApiError, 'field' | 'retryAfterSeconds'> = {},
  ) {
    super(message);
  }
}

/** @throws DeskRefusal always */
export function refuse(
  code: ApiErrorCode,
  message: string,
  more: { readonly field?: string | undefined; readonly retryAfterSeconds?: number } = {},
): never {
  const { field, ...rest } = more;
  throw new DeskRefusal(code, message, { ...rest, ...(field === undefined ? {} : { field }) });
}

/** The answer to a refusal. */
export function refusalResponse(c: Context, { code, message, more }: DeskRefusal): Response {
  if (more.retryAfterSeconds !== undefined) c.header('Retry-After', `${more.retryAfterSeconds}`);
  const error: ApiError = { code, message, ...more };
  return c.json({ error }, apiErrors[code].status);
}
