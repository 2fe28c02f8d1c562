import { clientEvent, errorCodes, errorTexts, exceedsBytes, isClientEventChannel } from '@earshot/protocol';
import { takeMessages } from '../apps/message-quota.ts';
import type { Connection } from './connection.ts';
import type { Parts } from './parts.ts';

const rateWindowMs = 1_000;

export interface ClientEventMessage {
  readonly event: string;
  readonly channel: string;
  /** JSON text as the sender wrote it; null when there was none. */
  readonly data: string | null;
}

/** A `client-…` event for the other subscribers of a channel (CLIENT). */
export function sendClientEvent(parts: Parts, connection: Connection, message: ClientEventMessage): null {
  const { app } = connection;
  const { settings } = app;
  if (!settings.clientEvents) return connection.refuse('Client events are switched off for this app');
  if (message.event.length > settings.eventNameLength) {
    return connection.refuse(`The event name is longer than ${settings.eventNameLength} characters`);
  }
  const channel = connection.subscriptions.get(message.channel);
  if (channel === undefined) {
    return connection.refuse(errorTexts.notSubscribed.text(message.channel));
  }
  if (!isClientEventChannel(channel.name)) {
    return connection.refuse(
      `Client event refused: ${channel.name.name} is neither a private nor a presence channel`,
    );
  }
  if (message.data !== null && exceedsBytes(message.data, settings.eventBytes)) {
    return connection.refuse(`The data of this client event exceeds ${settings.eventBytes} bytes`);
  }
  if (isOverRate(parts, connection)) {
    parts.counters.clientEventsOverRate++;
    return connection.refuse(
      `Over the limit of ${settings.clientEventsPerSecond} client events per second: wait a second, then send again`,
      errorCodes.clientEventRate.code,
    );
  }
  if (!takeMessages(app, channel.subscriptions)) {
    return connection.refuse(`Over the limit of ${settings.messagesPerDay} messages per day for this app`);
  }
  parts.counters.clientEvents++;
  const userId = connection.memberships?.get(channel) ?? null;
  parts.publisher.publish({
    appId: app.id,
    channel: channel.name,
    frame: clientEvent(channel.name.name, message.event, message.data, userId),
    except: connection.socketId,
    cacheSeconds: 0,
  });
  return null;
}

function isOverRate(parts: Parts, connection: Connection): boolean {
  const limit = connection.app.settings.clientEventsPerSecond;
  if (limit === 0) return false;
  const now = parts.clock.monotonic();
  if (now - connection.rateWindowAt >= rateWindowMs) {
    connection.rateWindowAt = now;
    connection.rateWindowEvents = 0;
  }
  return ++connection.rateWindowEvents > limit;
}
