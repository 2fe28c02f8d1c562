import type { ApiRefusal } from '@earshot/protocol';

const json = { headers: { 'Content-Type': 'application/json' } };
const text = 'text/plain; charset=utf-8';

/** 200 with a JSON object; publishers want an object even when it is empty (API-1). */
export function ok(body: object): Response {
  return new Response(JSON.stringify(body), json);
}

/** 200 with `{}`, the answer to nearly every publish. */
export function okEmpty(): Response {
  return new Response('{}', json);
}

/** A plain-text error. */
export function refusal(status: number, message: string, headers: Record<string, string> = {}): Response {
  return new Response(`${message}\n`, { status, headers: { 'Content-Type': text, ...headers } });
}

export function isRefusal(value: object): value is ApiRefusal {
  return 'status' in value && 'message' in value;
}
