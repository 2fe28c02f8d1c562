import { errorTexts } from '@earshot/protocol';
import type { Channel } from '../channels/channel.ts';
import type { Connection } from './connection.ts';
import { noteSubscription } from './noted.ts';
import type { Parts } from './parts.ts';
import { dropMember, reportSubscriptions } from './subscribe.ts';

/** `pusher:unsubscribe`: no reply when it worked (SUB-3). */
export function unsubscribe(parts: Parts, connection: Connection, name: string): null {
  const channel = connection.subscriptions.get(name);
  if (channel === undefined) {
    return connection.refuse(errorTexts.notSubscribed.text(name));
  }
  connection.subscriptions.delete(name);
  parts.fanOut.exit(channel, connection.socket);
  noteSubscription(parts, connection, 'unsubscribed', channel);
  endSubscription(parts, connection, channel);
  return null;
}

/** What ends with a subscription, whether the client left the channel or closed. */
export function endSubscription(parts: Parts, connection: Connection, channel: Channel): void {
  parts.hub.unsubscribed(channel);
  const userId = connection.memberships?.get(channel);
  if (userId !== undefined) {
    connection.memberships?.delete(channel);
    dropMember(parts, channel, userId, true);
  }
  reportSubscriptions(parts, channel);
  if (parts.hub.release(channel)) parts.publisher.close(channel);
}
