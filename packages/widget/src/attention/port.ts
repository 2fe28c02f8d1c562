/**
 * What the browser lets a page do to be noticed, as the store sees it: `allowNotifications`, `enablePush` and
 * `disablePush` of the actions call it, `WidgetState.notifications` shows what it says.
 */
export interface AttentionPort {
  /** Read without asking. */
  permission(): 'unsupported' | 'default' | 'granted' | 'denied';
  /** Asks the person; must be called from a click. */
  ask(): Promise<'unsupported' | 'default' | 'granted' | 'denied'>;
  /** Whether this browser is subscribed to push now. */
  pushState(): Promise<'unsupported' | 'off' | 'on'>;
  /**
   * Subscribes this browser to push.
   * @param key the app's VAPID public key (`ChatConfig.pushKey`)
   * @returns what the server is given (`PUT /push/subscription`)
   * @throws when the browser or its push service refuses
   */
  subscribe(key: string): Promise<PushSubscriptionJSON>;
  /** @returns the endpoint that is subscribed no more, or null when there was none */
  unsubscribe(): Promise<string | null>;
}
