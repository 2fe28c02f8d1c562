import { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { ChatErrorBody } from '../contract/index.ts';
import { chatErrors } from '../contract/index.ts';
import type { Caller } from '../core/core.ts';
import { Refusal } from '../refusal.ts';

/** Who is at the other end, as the listener knows it. */
export interface RequestClient {
  readonly address: string;
  readonly secure: boolean;
  /** Host and port that the client asked for. */
  readonly host: string;
}

export interface ChatEnv {
  Bindings: { client: RequestClient };
  Variables: { caller: Caller };
}

/** What a part's routes are defined on: `createRoute` and zod give validation, the OpenAPI document and the typed client. */
export function chatRouter(): OpenAPIHono<ChatEnv> {
  return new OpenAPIHono<ChatEnv>({
    defaultHook: (result) => {
      if (result.success) return;
      const [issue] = result.error.issues;
      throw new Refusal('bad_request', {
        field: issue?.path.join('.') ?? '',
        message: issue?.message ?? 'The request is not as expected.',
      });
    },
  });
}

/** The answer to a refusal. */
export function refusalResponse(c: Context, refusal: Refusal): Response {
  const { status } = chatErrors[refusal.code];
  const body: ChatErrorBody = {
    error: {
      code: refusal.code,
      message: refusal.message,
      ...(refusal.field === undefined ? {} : { field: refusal.field }),
      ...(refusal.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: refusal.retryAfterSeconds }),
    },
  };
  if (refusal.retryAfterSeconds !== undefined) c.header('Retry-After', `${refusal.retryAfterSeconds}`);
  return c.json(body, status);
}
