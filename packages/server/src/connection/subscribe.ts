import { parseChatChannel } from '@earshot/chat/contract';
import {
  type ChannelName,
  cacheMiss,
  errorTexts,
  exceedsBytes,
  excerpt,
  needsSignature,
  parseChannelName,
  parseMemberData,
  subscriptionError,
  subscriptionSucceeded,
} from '@earshot/protocol';
import type { App } from '../apps/app.ts';
import { verifyChannelAuth } from '../apps/auth.ts';
import type { Channel, JoinOutcome } from '../channels/channel.ts';
import type { Connection } from './connection.ts';
import { noteSubscription, noteSubscriptionRefused } from './noted.ts';
import type { Parts } from './parts.ts';

export interface SubscribeMessage {
  readonly channel: string;
  readonly auth: string | null;
  readonly channelData: string | null;
}

/** No channel has a longer name, so a longer one is not given back whole. */
const echoedNameLength = 1_000;

/** `pusher:subscribe` (SUB, PRIV, PRES, CACHE). */
export function subscribe(
  parts: Parts,
  connection: Connection,
  message: SubscribeMessage,
): Promise<void> | null {
  const { settings } = connection.app;
  const name = parseChannelName(message.channel, settings.channelNameLength, settings.userIdLength);
  if (name === null) {
    return refuse(
      parts,
      connection,
      message.channel,
      400,
      errorTexts.invalidChannelName.text(message.channel),
    );
  }
  if (connection.subscriptions.has(name.name)) {
    return refuse(parts, connection, name.name, 400, errorTexts.alreadySubscribed.text(name.name));
  }
  if (settings.channelsPerConnection > 0 && connection.subscriptions.size >= settings.channelsPerConnection) {
    return refuse(
      parts,
      connection,
      name.name,
      400,
      errorTexts.tooManyChannels.text(`${settings.channelsPerConnection}`),
    );
  }
  const denied = authorise(parts, connection, name, message);
  if (denied !== null) return refuse(parts, connection, name.name, 401, denied);
  const member = name.kind === 'presence' ? memberOf(connection, message.channelData) : null;
  if (member !== null && 'refused' in member)
    return refuse(parts, connection, name.name, 400, member.refused);

  const { channel, isNew } = parts.hub.hold(connection.app, name);
  if (isNew) parts.publisher.open(channel);
  // Channels that no count shows are told to nobody (USER-7).
  const occupied =
    channel.subscriptions > 0 || name.kind === 'user'
      ? null
      : parts.webhooks.begins(connection.app, name.name, '');
  if (channel.opening === null && member === null && occupied === null) {
    return confirm(parts, connection, channel, null);
  }
  return join(parts, connection, channel, member, occupied);
}

/** @returns the reason why this connection may not subscribe, or null */
function authorise(
  parts: Parts,
  connection: Connection,
  name: ChannelName,
  message: SubscribeMessage,
): string | null {
  if (name.kind === 'user') {
    if (connection.user?.userId === name.userId) return null;
    return errorTexts.notThatUser.text(name.name);
  }
  if (!needsSignature(name)) return null;
  const verdict = verifyChannelAuth(
    connection.app,
    connection.socketId,
    name.name,
    message.auth,
    message.channelData,
  );
  if ('refused' in verdict) {
    parts.counters.channelSignatureFailures++;
    return verdict.refused;
  }
  if (connection.user === null && isForSignedIn(connection.app, name.name)) {
    return errorTexts.signInRequired.text(name.name);
  }
  return null;
}

/** Channels of the chat that a person can be removed from. */
const chatKinds: ReadonlySet<string | undefined> = new Set(['inbox', 'messages', 'presence']);

/** Such a channel ends for a user with their sign-in (USER-9). */
function isForSignedIn({ settings }: App, channel: string): boolean {
  if (settings.chat && chatKinds.has(parseChatChannel(channel)?.kind)) return true;
  return settings.signedInPrefixes.some((prefix) => channel.startsWith(prefix));
}

/** Who joins: what `channel_data` says, else who signed in (PRES-8). */
function memberOf(
  connection: Connection,
  channelData: string | null,
): { userId: string; userInfo: string | null } | { refused: string } {
  if (channelData !== null) return parseMemberData(channelData, connection.app.settings);
  const { user } = connection;
  const { memberBytes } = connection.app.settings;
  if (user?.userInfo && exceedsBytes(user.userInfo, memberBytes)) {
    return { refused: errorTexts.memberTooLarge.text(`${memberBytes}`) };
  }
  if (user !== null) return user;
  return { refused: errorTexts.memberDataMissing.text() };
}

/**
 * The way that has to wait: for the bus to hear a new channel, for the cluster to take a member in, and until what webhooks are to
 * tell of it would outlive a crash.
 */
async function join(
  parts: Parts,
  connection: Connection,
  channel: Channel,
  member: { userId: string; userInfo: string | null } | null,
  occupied: Promise<boolean> | null,
): Promise<void> {
  let confirmed = false;
  try {
    if (channel.opening !== null) await channel.opening;
    if (occupied !== null) await occupied;
    if (member === null) {
      if (connection.closed) return;
      confirm(parts, connection, channel, null);
      confirmed = true;
      return;
    }
    const isFirst = !membersOf(channel).has(member.userId);
    const outcome = await enterMember(parts, connection, channel, member.userId, member.userInfo);
    if (isFirst && 'list' in outcome) {
      const added = parts.webhooks.begins(connection.app, channel.name.name, member.userId);
      await added;
      // The cluster has known it since it took the member in.
      if (added !== null) parts.webhooks.came(connection.app, channel.name.name, member.userId);
    }
    if ('refused' in outcome || connection.closed) {
      dropMember(parts, channel, member.userId, 'list' in outcome);
      if ('refused' in outcome) {
        const limit = connection.app.settings.presenceMembers;
        refuse(
          parts,
          connection,
          channel.name.name,
          403,
          errorTexts.tooManyMembers.text(`${limit}`, channel.name.name),
        );
      }
      return;
    }
    connection.memberships ??= new Map();
    connection.memberships.set(channel, member.userId);
    confirm(parts, connection, channel, outcome.list.succeededFrame(channel.name.name));
    confirmed = true;
  } finally {
    if (!confirmed) {
      if (parts.hub.release(channel)) parts.publisher.close(channel);
    }
    if (occupied !== null) {
      const { appId, name } = channel;
      parts.webhooks.came(connection.app, name.name, '');
      if (!confirmed) parts.webhooks.told({ type: 'channel_vacated', appId, channel: name.name });
    }
  }
}

/** One more connection of the user on this node; the cluster is asked when it is the first or brings newer info. */
async function enterMember(
  parts: Parts,
  connection: Connection,
  channel: Channel,
  userId: string,
  userInfo: string | null,
): Promise<JoinOutcome> {
  const members = membersOf(channel);
  const known = members.get(userId);
  const asked =
    known !== undefined && known.userInfo === userInfo
      ? known.joined
      : parts.roster.join(
          channel.appId,
          channel.name.name,
          userId,
          userInfo,
          connection.app.settings.presenceMembers,
        );
  const before = known === undefined ? null : { userInfo: known.userInfo, joined: known.joined };
  if (known === undefined) members.set(userId, { connections: 1, userInfo, joined: asked });
  else {
    known.connections++;
    known.userInfo = userInfo;
    known.joined = asked;
  }
  try {
    return await asked;
  } catch (error) {
    // The cluster still has what it had: later connections must not wait for what failed.
    if (known !== undefined && known.joined === asked) Object.assign(known, before);
    // Whether the user is in from before is the cluster's to know; leaving what was not joined changes nothing.
    dropMember(parts, channel, userId, true);
    throw error;
  }
}

/** One connection of the user less on this node. @param joined whether the cluster has the user in from this node */
export function dropMember(parts: Parts, channel: Channel, userId: string, joined: boolean): void {
  const members = membersOf(channel);
  const member = members.get(userId);
  if (member === undefined || --member.connections > 0) return;
  members.delete(userId);
  if (joined) parts.background('roster: leave', parts.roster.leave(channel.appId, channel.name.name, userId));
}

/** Tells the cluster how many subscriptions this node has, except of the channels that no count shows (USER-7). */
export function reportSubscriptions(parts: Parts, channel: Channel): void {
  if (channel.name.kind === 'user') return;
  const reported = parts.roster.reportSubscriptions(channel.appId, channel.name.name, channel.subscriptions);
  parts.background('roster: subscriptions', reported);
}

function membersOf(channel: Channel): NonNullable<Channel['members']> {
  if (channel.members === null) throw new Error(`${channel.name.name} is no presence channel`);
  return channel.members;
}

/** The subscription is made: success, then the cached event or its absence, then what is published from now on. */
function confirm(parts: Parts, connection: Connection, channel: Channel, presenceFrame: string | null): null {
  const { name } = channel;
  connection.send(presenceFrame ?? subscriptionSucceeded(name.name));
  if (name.cached) {
    const kept = channel.cached;
    const isFresh = kept !== null && kept.expiresAt > parts.clock.now();
    connection.send(isFresh ? kept.frame : cacheMiss(name.name));
    if (!isFresh) parts.webhooks.cacheMiss(connection.app, name.name);
  }
  connection.subscriptions.set(name.name, channel);
  parts.hub.subscribed(channel);
  parts.fanOut.enter(channel, connection.socket);
  noteSubscription(parts, connection, 'subscribed', channel);
  reportSubscriptions(parts, channel);
  // Last, because it may close the connection, which takes all of this back.
  if (needsSignature(name)) connection.authorise();
  return null;
}

/** `pusher:error`, and unless the app has switched it off the event that names the channel (SUB-8). */
function refuse(
  parts: Parts,
  connection: Connection,
  channel: string,
  status: number,
  message: string,
): null {
  noteSubscriptionRefused(parts, connection, channel, status, message);
  connection.refuse(message);
  if (!connection.app.settings.subscriptionErrors) return null;
  const type = status === 401 ? 'AuthError' : 'SubscriptionError';
  connection.send(subscriptionError(excerpt(channel, echoedNameLength), { type, error: message, status }));
  return null;
}
