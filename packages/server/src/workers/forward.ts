import { targetOf } from '../http/target.ts';
import { forwardedHeaders } from '../transports/http/owners.ts';
import { plain, type TransportRequest, whenAborted } from '../transports/http/request.ts';

/** How long what is left of a response may wait for a client that does not read. */
const unreadSeconds = 12;

/** Of a request, what its session's transport may ask for. */
const passedHeaders = [
  'authorization',
  'last-event-id',
  'content-type',
  'accept',
  'origin',
  'sec-fetch-site',
];
/** Of an answer, what is this listener's own to say. */
const ownHeaders = ['connection', 'content-length', 'transfer-encoding', 'date', 'keep-alive'];

/**
 * Has a request answered by the worker that takes forwarded ones at `owner`, chunk by chunk.
 * @param gone answers when that worker has died
 */
export async function forward(
  owner: string,
  call: TransportRequest,
  body: Uint8Array | null,
  gone: () => Response | Promise<Response> = noSession,
): Promise<Response> {
  const { request, server } = call;
  server.timeout(request, 0);
  const headers = new Headers(forwardedHeaders(call));
  for (const name of passedHeaders) {
    const value = request.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  const abort = new AbortController();
  whenAborted(request.signal, () => abort.abort());
  try {
    const { path, query } = targetOf(request.url);
    const answer = await fetch(`http://worker${path}?${query}`, {
      unix: owner,
      method: request.method,
      headers,
      signal: abort.signal,
      decompress: false,
      ...(body === null ? {} : { body: body as Uint8Array<ArrayBuffer> }),
    } as RequestInit);
    for (const name of ownHeaders) answer.headers.delete(name);
    return new Response(answer.body === null ? null : passedOn(answer.body, call, abort), {
      status: answer.status,
      headers: answer.headers,
    });
  } catch (error) {
    if (abort.signal.aborted) return new Response(null, { status: 499 });
    if (error instanceof Error) return gone();
    throw error;
  } finally {
    if (body !== null) server.timeout(request, unreadSeconds);
  }
}

/** What the worker had went with it. */
function noSession(): Response {
  return plain(404, 'There is no such session');
}

/** A chunk is asked for when the one before has been taken, so no more than that waits for a slow client here. */
function passedOn(
  body: ReadableStream<Uint8Array>,
  { request, server }: TransportRequest,
  abort: AbortController,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) {
          controller.enqueue(value);
          return;
        }
      } catch (error) {
        // The owner has died, or the client has gone; either way this is the end.
        if (!(error instanceof Error)) throw error;
      }
      server.timeout(request, unreadSeconds);
      controller.close();
    },
    cancel() {
      abort.abort();
    },
  });
}
