import type { ChannelName } from '@earshot/protocol';
import { Channel, type ChannelOwner, type Listener, topicOf } from './channel.ts';

/** The channels of this node, of all apps: those that have subscriptions here and those about to. */
export class Hub {
  readonly #channels = new Map<string, Channel>();
  /** Every connection of this node by its socket id. */
  readonly listeners = new Map<string, Listener>();
  /** Confirmed subscriptions on this node, over all channels. */
  subscriptions = 0;

  /** Number of channels. */
  get size(): number {
    return this.#channels.size;
  }

  get(appId: string, channel: string): Channel | undefined {
    return this.#channels.get(topicOf(appId, channel));
  }

  byTopic(topic: string): Channel | undefined {
    return this.#channels.get(topic);
  }

  /** Holds the channel, made when it is not here yet: `isNew` says that the caller has to open it. */
  hold(owner: ChannelOwner, name: ChannelName): { channel: Channel; isNew: boolean } {
    let channel = this.get(owner.id, name.name);
    const isNew = channel === undefined;
    if (channel === undefined) {
      channel = new Channel(owner, name);
      this.#channels.set(channel.topic, channel);
    }
    channel.holds++;
    return { channel, isNew };
  }

  /** Ends one hold; true when it was the last, and the channel is no longer here. */
  release(channel: Channel): boolean {
    channel.holds--;
    if (channel.holds > 0) return false;
    this.#channels.delete(channel.topic);
    return true;
  }

  /** A held channel got a subscription. */
  subscribed(channel: Channel): void {
    if (channel.subscriptions++ === 0) channel.tally.channels++;
    this.subscriptions++;
  }

  unsubscribed(channel: Channel): void {
    if (--channel.subscriptions === 0) channel.tally.channels--;
    this.subscriptions--;
  }
}
