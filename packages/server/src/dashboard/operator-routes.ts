import { createRoute, z } from '@hono/zod-openapi';
import type { Operators, Refused } from '../operators/operators.ts';
import { TooBusyError } from '../operators/passwords.ts';
import type { Acts } from './acts.ts';
import { always, answers, deskRouter, json, jsonBody } from './api.ts';
import { type ApiErrorCode, refuse } from './refusal.ts';
import { operatorSchema } from './schemas.ts';

const idParam = z.object({ id: z.string().max(50) });
const name = z.string().max(200);
const password = z.string().max(1_000);
const changes = [...always, 'invalid', 'too_large', 'conflict', 'locked', 'unavailable'] as const;

const listRoute = createRoute({
  method: 'get',
  path: '/operators',
  summary: 'Who may sign in, the oldest first',
  responses: answers({ 200: json(z.array(operatorSchema), 'The operators') }, ...always),
});

const createOperatorRoute = createRoute({
  method: 'post',
  path: '/operators',
  summary: 'Lets somebody in, by name and password',
  request: jsonBody(z.object({ name, password })),
  responses: answers({ 201: json(operatorSchema, 'The operator') }, ...changes),
});

const changeRoute = createRoute({
  method: 'patch',
  path: '/operators/{id}',
  summary: 'Changes name or password',
  description:
    'A new password ends the other sessions of that operator. Whoever changes their own password says the present one.',
  request: {
    params: idParam,
    ...jsonBody(
      z.object({
        name: name.optional(),
        password: password.optional(),
        currentPassword: password.optional(),
      }),
    ),
  },
  responses: answers({ 200: json(operatorSchema, 'The operator') }, ...changes, 'not_found', 'too_many'),
});

const removeRoute = createRoute({
  method: 'delete',
  path: '/operators/{id}',
  summary: 'Lets somebody in no longer; their sessions end',
  request: { params: idParam },
  responses: answers({ 204: { description: 'Gone' } }, ...always, 'not_found', 'locked'),
});

const codes: Record<Refused['why'], ApiErrorCode> = {
  unknown: 'not_found',
  invalid: 'invalid',
  taken: 'conflict',
  locked: 'locked',
  busy: 'unavailable',
};

function orRefuse<Result>(result: Result | Refused): Result {
  if (typeof result !== 'object' || result === null || !('refused' in result)) return result as Result;
  refuse(codes[result.why], result.refused, { field: result.field });
}

/**
 * @param takeForName counts tries of a present password
 */
export function operatorRoutes(
  operators: Operators,
  takeForName: (name: string) => Promise<number | null>,
  acted: Acts,
) {
  /** A session that was left open must not be enough to lock its owner out. */
  async function requirePassword(id: string, current: string | undefined): Promise<void> {
    const waitSeconds = await takeForName(`present password of ${id}`);
    if (waitSeconds !== null) {
      refuse('too_many', 'Too many wrong passwords. Try again later.', { retryAfterSeconds: waitSeconds });
    }
    try {
      if (current !== undefined && (await operators.isPassword(id, current))) return;
    } catch (error) {
      if (!(error instanceof TooBusyError)) throw error;
      refuse('unavailable', 'Too many passwords are being checked. Try again in a few seconds.');
    }
    refuse('invalid', 'This is not your present password.', { field: 'currentPassword' });
  }

  return deskRouter()
    .openapi(listRoute, async (c) => c.json(await operators.list(), 200))
    .openapi(createOperatorRoute, async (c) => {
      const body = c.req.valid('json');
      const operator = orRefuse(await operators.create(body.name, body.password));
      acted(c, 'an operator was created', { of: operator.id });
      return c.json(operator, 201);
    })
    .openapi(changeRoute, async (c) => {
      const { id } = c.req.valid('param');
      const { currentPassword, name, password } = c.req.valid('json');
      const isOwn = c.get('signedIn').operator?.id === id;
      if (isOwn && password !== undefined) await requirePassword(id, currentPassword);
      const patch = {
        ...(name === undefined ? {} : { name }),
        ...(password === undefined ? {} : { password }),
      };
      const operator = orRefuse(await operators.update(id, patch, c.get('token')));
      acted(c, password === undefined ? 'an operator was renamed' : 'a password was changed', { of: id });
      return c.json(operator, 200);
    })
    .openapi(removeRoute, async (c) => {
      const { id } = c.req.valid('param');
      orRefuse(await operators.remove(id));
      acted(c, 'an operator was deleted', { of: id });
      return c.body(null, 204);
    });
}
