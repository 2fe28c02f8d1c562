import { type AttendParts, attend } from './attend.ts';
import { isLookedAt } from './looking.ts';
import { createNotifier, type Notifier } from './notifier.ts';
import { createChime } from './sound.ts';
import { countInTitle } from './title.ts';
import type { NotificationData } from './worker-messages.ts';

export interface CallingParts extends Omit<AttendParts, 'notifier' | 'chime' | 'title'> {
  /** In the place of the page's own. */
  readonly notifier: Notifier | undefined;
  readonly registration: () => Promise<ServiceWorkerRegistration | null>;
  readonly onClick: (data: NotificationData) => void;
  /** The page is nothing but the chat: its title counts also while somebody looks. */
  readonly ownPage: boolean;
}

/** `attend` with what the browser has. Loaded when there may be something to call for. */
export function startCalling(parts: CallingParts): { refresh(): void; stop(): void } {
  const title = countInTitle(() => parts.ownPage || !isLookedAt());
  const notifier = parts.notifier ?? createNotifier(parts.registration, parts.onClick);
  const stop = attend({ ...parts, notifier, chime: createChime(), title });
  return { refresh: title.refresh, stop };
}
