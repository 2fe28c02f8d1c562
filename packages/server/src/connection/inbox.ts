import { closeCodes, errorTexts, parseClientMessage, pong } from '@earshot/protocol';
import { sendClientEvent } from './client-event.ts';
import type { Connection } from './connection.ts';
import type { Parts } from './parts.ts';
import { signIn } from './sign-in.ts';
import { subscribe } from './subscribe.ts';
import { unsubscribe } from './unsubscribe.ts';

/**
 * What may wait of one connection while an earlier message is in hand; a client beyond it is cut. A client that comes back
 * subscribes to all its channels at once, so as many as a connection has by default must fit.
 */
const inboxFramesMax = 10_000;
const inboxCharactersMax = 4 * 1024 * 1024;

/**
 * Handles what a client sent, strictly in order: while a message waits for the cluster, the later ones of the same
 * connection wait for it. Never throws: a bug is logged, counted and answered, and the connection goes on.
 */
export function receive(parts: Parts, connection: Connection, text: string): void {
  parts.counters.framesReceived++;
  parts.counters.charactersReceived += text.length;
  connection.lastInboundAt = parts.clock.monotonic();
  if (connection.inbox === null) {
    const work = handle(parts, connection, text);
    if (work !== null) void workOff(parts, connection, work);
    return;
  }
  connection.inboxCharacters += text.length;
  if (connection.inbox.length < inboxFramesMax && connection.inboxCharacters < inboxCharactersMax) {
    connection.inbox.push(text);
    return;
  }
  parts.counters.inboxOverflows++;
  connection.close(closeCodes.overCapacity.code, 'Too many messages of this connection wait for their turn');
}

async function workOff(parts: Parts, connection: Connection, first: Promise<void>): Promise<void> {
  const inbox: string[] = [];
  connection.inbox = inbox;
  connection.inboxCharacters = 0;
  await first;
  // The array only grows while this runs, so an index is cheaper than shifting.
  for (let next = 0; next < inbox.length && !connection.closed; next++) {
    const work = handle(parts, connection, inbox[next] as string);
    if (work !== null) await work;
  }
  connection.inbox = null;
}

/** @returns null when the message is done with, else a promise that never rejects */
function handle(parts: Parts, connection: Connection, text: string): Promise<void> | null {
  try {
    const work = dispatch(parts, connection, text);
    return work === null ? null : work.catch((error) => failed(parts, connection, error));
  } catch (error) {
    failed(parts, connection, error);
    return null;
  }
}

function dispatch(parts: Parts, connection: Connection, text: string): Promise<void> | null {
  if (connection.closed) return null;
  const message = parseClientMessage(text);
  switch (message.type) {
    case 'ping':
      connection.send(pong());
      return null;
    case 'pong':
      return null;
    case 'subscribe':
      return subscribe(parts, connection, message);
    case 'unsubscribe':
      return unsubscribe(parts, connection, message.channel);
    case 'client-event':
      return sendClientEvent(parts, connection, message);
    case 'signin':
      return signIn(parts, connection, message);
    case 'refused':
      return connection.refuse(message.message);
  }
}

function failed(parts: Parts, connection: Connection, error: unknown): void {
  parts.counters.handlerFailures++;
  parts.log.error(
    { err: error, app: connection.app.id, socket: connection.socketId },
    'a message could not be handled',
  );
  connection.refuse(errorTexts.internal.text());
}
