import type { ApiError, OperatorSession } from '@earshot/dashboard';
import { OpenAPIHono, z } from '@hono/zod-openapi';
import type { App } from '../apps/app.ts';
import type { AppRegistry } from '../apps/registry.ts';
import type { Client } from '../http/client.ts';
import type { SignedIn } from '../operators/operators.ts';
import { type ApiErrorCode, apiErrors, refuse } from './refusal.ts';

export interface DeskEnv {
  Bindings: {
    readonly client: Client;
    /** The response stays open: how long nothing may move on it; 0 = any time. */
    readonly allowIdle: (seconds: number) => void;
  };
  Variables: {
    /** Of whoever asks, on every route that needs a session. */
    readonly signedIn: SignedIn;
    readonly token: string;
  };
}

/** What one part's routes are defined on. */
export function deskRouter(): OpenAPIHono<DeskEnv> {
  return new OpenAPIHono<DeskEnv>({
    defaultHook: (result) => {
      if (result.success) return;
      const [issue] = result.error.issues;
      const field = issue?.path.join('.') ?? '';
      const what = field === '' ? 'The request' : `"${field}"`;
      refuse('invalid', `${what} is not as expected: ${issue?.message ?? 'no more is known'}`, {
        field: field === '' ? undefined : field,
      });
    },
  });
}

/** As the contract's types, but for fields that may be there with the value undefined, as zod has them. */
type Loose<T> = T extends readonly (infer Item)[]
  ? readonly Loose<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: object extends Pick<T, Key> ? Loose<T[Key]> | undefined : Loose<T[Key]> }
    : T;

/** A schema that says what a type of the contract says, under its name in the document. */
export function schemaOf<T>(name: string, schema: z.ZodType<Loose<T>>): z.ZodType<T> {
  return schema.openapi(name) as unknown as z.ZodType<T>;
}

const errorBody = z
  .object({
    error: schemaOf<ApiError>(
      'ApiError',
      z.object({
        code: z.enum(Object.keys(apiErrors)),
        message: z.string(),
        field: z.string().optional(),
        retryAfterSeconds: z.number().optional(),
      }),
    ),
  })
  .openapi('Refusal');

/** A JSON answer. */
export function json<Schema extends z.ZodType>(schema: Schema, description: string) {
  return { description, content: { 'application/json': { schema } } };
}

/** A JSON body, which has to be there. */
export function jsonBody<Schema extends z.ZodType>(schema: Schema) {
  return { body: { required: true, content: { 'application/json': { schema } } } };
}

/** The answers of a route, to which its refusals are added. */
export function answers<Good extends object>(good: Good, ...codes: readonly ApiErrorCode[]): Good {
  const refusals: Record<number, object> = {};
  const all: readonly ApiErrorCode[] = [...codes, 'internal'];
  for (const [status, ofStatus] of Map.groupBy(all, (code) => apiErrors[code].status)) {
    refusals[status] = json(
      errorBody,
      ofStatus.map((code) => `\`${code}\`: ${apiErrors[code].when}`).join('; '),
    );
  }
  return { ...refusals, ...good };
}

/** What every route behind the sign-in may answer. */
export const always = ['signed_out', 'forbidden'] as const satisfies readonly ApiErrorCode[];

export const appIdParam = z.object({ id: z.string().max(30).openapi({ description: 'Id of an app' }) });

/** @throws DeskRefusal when there is none of that id */
export function appOf(apps: AppRegistry, id: string): App {
  return (
    apps.byId(id) ??
    refuse('not_found', `There is no app ${id.slice(0, 30)}; it may have been deleted meanwhile.`)
  );
}

/** The server's address, for `OperatorSession`. */
export function serverOf(base: URL): OperatorSession['server'] {
  return {
    scheme: base.protocol === 'https:' ? 'https' : 'http',
    host: base.hostname,
    port: Number(base.port) || (base.protocol === 'https:' ? 443 : 80),
    path: base.pathname.replace(/\/$/, ''),
  };
}
