/**
 * What became true for the whole cluster. A fact reaches each node that it concerns: those with subscribers of the
 * channel, or with connections that watch the user.
 */
export type Fact =
  | { readonly type: 'channel_occupied'; readonly appId: string; readonly channel: string }
  | { readonly type: 'channel_vacated'; readonly appId: string; readonly channel: string }
  | {
      readonly type: 'subscription_count';
      readonly appId: string;
      readonly channel: string;
      readonly count: number;
    }
  | {
      readonly type: 'member_added';
      readonly appId: string;
      readonly channel: string;
      readonly userId: string;
      /** JSON text of an object. */
      readonly userInfo: string | null;
    }
  | {
      readonly type: 'member_removed';
      readonly appId: string;
      readonly channel: string;
      readonly userId: string;
    }
  | { readonly type: 'user_online'; readonly appId: string; readonly userId: string }
  | { readonly type: 'user_offline'; readonly appId: string; readonly userId: string };
