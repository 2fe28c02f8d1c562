/**
 * What the HTTP transports put around protocol messages: the SockJS frames that pusher-js reads (each ended by one line
 * feed) and server-sent events. Pure text.
 */

/** First frame of a session (HTTP-2). */
export const openFrame = 'o\n';
/** A sign of life; a client on a stream answers it with an empty send. */
export const heartbeatFrame = 'h\n';
/** Answer to an empty send. Never `h`, which would be answered again, for ever (HTTP-7). */
export const aliveFrame = 'a[]\n';
/** Fills the buffers of browsers and proxies that hold back the beginning of a response. */
export const prelude = `${'h'.repeat(2048)}\n`;

/** One message as an element of `a[…]`. */
export function quoted(message: string): string {
  return JSON.stringify(message);
}

/** @param elements messages as `quoted` gives them, at least one */
export function messagesFrame(elements: readonly string[]): string {
  return `a[${elements.join(',')}]\n`;
}

/** Last frame of a session, with the meaning of a WebSocket's close code. */
export function closeFrame(code: number, reason: string): string {
  return `c${JSON.stringify([code, reason])}\n`;
}

/** What a client sends: an array of messages, which may be empty. Null: it is something else. */
export function parseSend(body: string): string[] | null {
  try {
    const value: unknown = JSON.parse(body);
    const isList = Array.isArray(value) && value.every((element) => typeof element === 'string');
    return isList ? (value as string[]) : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

const sessionPath = /^\/pusher\/app\/([^/]+)\/(\d{1,3})\/([0-9a-v]{8})\/(xhr_streaming|xhr|xhr_send)$/;

/** `/pusher/app/{key}/{server}/{session}/{request}`, as pusher-js builds it (HTTP-1). */
export interface SessionPath {
  readonly key: string;
  readonly server: string;
  readonly session: string;
  readonly request: 'xhr_streaming' | 'xhr' | 'xhr_send';
}

/** @returns null for any other path */
export function parseSessionPath(path: string): SessionPath | null {
  const [, key, server, session, request] = sessionPath.exec(path) ?? [];
  if (key === undefined || server === undefined || session === undefined) return null;
  return { key, server, session, request: request as SessionPath['request'] };
}

/** The lines of a server-sent event's data; text of several lines needs several (HTML, "Server-sent events"). */
export function eventStreamData(text: string): string {
  if (!/[\r\n]/.test(text)) return `data: ${text}\n`;
  return text
    .split(/\r\n|\r|\n/)
    .map((line) => `data: ${line}\n`)
    .join('');
}

/** A comment: keeps proxies from ending a quiet stream, and is not seen by the page. */
export const eventStreamComment = ':\n\n';

/**
 * A server-sent event with a name of its own, as nothing that is published has.
 * @param id what a client that comes back gives as `Last-Event-ID`; without one, that of an earlier event stays
 */
export function eventStreamNotice(event: 'session' | 'close', data: object, id?: string): string {
  const idLine = id === undefined ? '' : `id: ${id}\n`;
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n${idLine}\n`;
}
