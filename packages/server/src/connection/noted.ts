import type { Channel } from '../channels/channel.ts';
import { withoutSecrets } from '../trace/reason.ts';
import type { Connection } from './connection.ts';
import type { Parts } from './parts.ts';

/** What the debug console is told of connections. Each of these costs one look while nobody watches (`trace/`). */

export function noteConnected({ trace }: Parts, connection: Connection): void {
  const { app, socketId, socket } = connection;
  if (!trace.isWatched(app)) return;
  trace.note(app, { kind: 'connected', socketId, transport: socket.transport });
}

/** @param reason as the close frame has it, whoever closed; '' for none */
export function noteDisconnected(
  { trace }: Parts,
  connection: Connection,
  code: number,
  reason: string,
): void {
  const { app, socketId, socket } = connection;
  if (!trace.isWatched(app)) return;
  const { transport } = socket;
  const userId = userOf(connection);
  trace.note(app, { kind: 'disconnected', socketId, transport, userId, code, reason: reason || null });
}

/** @param reason why it ended, when that was not asked for */
export function noteSubscription(
  { trace }: Parts,
  connection: Connection,
  kind: 'subscribed' | 'unsubscribed',
  channel: Channel,
  reason: string | null = null,
): void {
  const { app, socketId } = connection;
  if (!trace.isWatched(app)) return;
  const userId = connection.memberships?.get(channel) ?? userOf(connection);
  trace.note(app, { kind, socketId, userId, channel: channel.name.name, reason });
}

export function noteSubscriptionRefused(
  { trace }: Parts,
  connection: Connection,
  channel: string,
  code: number,
  message: string,
): void {
  const { app, socketId } = connection;
  if (!trace.isWatched(app)) return;
  const userId = userOf(connection);
  const reason = withoutSecrets(message);
  trace.note(app, { kind: 'subscription_refused', socketId, userId, channel, code, reason });
}

export function noteSignedIn({ trace }: Parts, connection: Connection): void {
  const { app, socketId } = connection;
  if (trace.isWatched(app)) trace.note(app, { kind: 'signed_in', socketId, userId: userOf(connection) });
}

/** @param sent what the client sent, and under which user id as a member of the channel */
export function noteClientEvent(
  { trace }: Parts,
  connection: Connection,
  sent: { readonly channel: string; readonly event: string; readonly data: string | null },
  memberId: string | null,
): void {
  const { app, socketId } = connection;
  if (!trace.isWatched(app)) return;
  const { channel, event, data } = sent;
  const userId = memberId ?? userOf(connection);
  trace.note(app, { kind: 'client_event', socketId, userId, channel, event, data });
}

function userOf({ user }: Connection): string | null {
  return user?.userId ?? null;
}
