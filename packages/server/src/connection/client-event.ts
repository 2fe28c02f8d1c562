import { clientEvent, errorCodes, errorTexts, exceedsBytes, isClientEventChannel } from '@earshot/protocol';
import { takeMessages } from '../apps/message-quota.ts';
import type { Channel } from '../channels/channel.ts';
import type { Connection } from './connection.ts';
import { noteClientEvent } from './noted.ts';
import type { Parts } from './parts.ts';

const rateWindowMs = 1_000;

export interface ClientEventMessage {
  readonly event: string;
  readonly channel: string;
  /** JSON text as the sender wrote it; null when there was none. */
  readonly data: string | null;
}

/** A `client-…` event for the other subscribers of a channel (CLIENT). */
export function sendClientEvent(
  parts: Parts,
  connection: Connection,
  message: ClientEventMessage,
): Promise<void> | null {
  const { app } = connection;
  const { settings } = app;
  if (!settings.clientEvents) return connection.refuse(errorTexts.clientEventsOff.text());
  if (message.event.length > settings.eventNameLength) {
    return connection.refuse(errorTexts.eventNameTooLong.text(`${settings.eventNameLength}`));
  }
  const channel = connection.subscriptions.get(message.channel);
  if (channel === undefined) {
    return connection.refuse(errorTexts.notSubscribed.text(message.channel));
  }
  if (!isClientEventChannel(channel.name)) {
    return connection.refuse(errorTexts.clientEventKind.text(channel.name.name));
  }
  if (message.data !== null && exceedsBytes(message.data, settings.eventBytes)) {
    return connection.refuse(errorTexts.eventTooLarge.text(`${settings.eventBytes}`));
  }
  if (isOverRate(parts, connection)) {
    parts.counters.clientEventsOverRate++;
    return connection.refuse(
      errorTexts.clientEventRate.text(`${settings.clientEventsPerSecond}`),
      errorCodes.clientEventRate.code,
    );
  }
  const overQuota = () => connection.refuse(errorTexts.messageQuota.text(`${settings.messagesPerDay}`));
  const taken = takeMessages(app, 1);
  if (taken === true) return pass(parts, connection, channel, message);
  if (taken === false) return overQuota();
  return taken.then(async (isTaken) => {
    await (isTaken ? pass(parts, connection, channel, message) : overQuota());
  });
}

/** Nothing is against it any more; webhooks may have to keep it first. */
function pass(
  parts: Parts,
  connection: Connection,
  channel: Channel,
  message: ClientEventMessage,
): Promise<void> | null {
  const { app } = connection;
  parts.counters.clientEvents++;
  app.tally.add('clientEvents');
  const userId = connection.memberships?.get(channel) ?? null;
  const forward = () => {
    noteClientEvent(parts, connection, message, userId);
    parts.publisher.publish({
      appId: app.id,
      channel: channel.name,
      frame: clientEvent(channel.name.name, message.event, message.data, userId),
      except: connection.socketId,
      cacheSeconds: 0,
    });
  };
  const { event, data } = message;
  const { socketId } = connection;
  const kept = parts.webhooks.clientEvent(app, { channel: channel.name.name, event, data, socketId, userId });
  if (kept !== null) {
    return kept.then((isKept) => {
      if (isKept) forward();
      else connection.refuse(errorTexts.clientEventNotKept.text());
    });
  }
  forward();
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
