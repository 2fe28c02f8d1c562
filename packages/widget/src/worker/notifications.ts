import type { NotificationData, OpenRequest } from '../attention/worker-messages.ts';
import { fragmentOf } from '../embed/fragment.ts';
import type { WindowClient, WorkerScope } from './scope.ts';

/** How long a page has to say that it shows this app's chat. */
const answerMs = 700;

/**
 * A click on a notification: the page that shows this chat comes to the front with the right conversation; where there is
 * none, one is opened.
 */
export async function openConversation(worker: WorkerScope, data: NotificationData): Promise<void> {
  const windows = await worker.clients.matchAll({ type: 'window', includeUncontrolled: true });
  // Those in view first, then those on the page that the notification came from.
  const rank = (window: WindowClient) =>
    (window.focused ? 0 : window.visibilityState === 'visible' ? 1 : 2) +
    (samePage(window.url, data.url) ? 0 : 3);
  const { app, conversation } = data;
  for (const window of [...windows].sort((a, b) => rank(a) - rank(b))) {
    if (!(await shows(window, { type: 'earshot:open', app, conversation }))) continue;
    // Refused where the click was too long ago; the conversation is open all the same.
    await window.focus().catch(() => {});
    return;
  }
  await worker.clients.openWindow(data.url);
}

function shows(window: WindowClient, request: OpenRequest): Promise<boolean> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    const timer = setTimeout(() => resolve(false), answerMs);
    port1.onmessage = ({ data }) => {
      clearTimeout(timer);
      resolve(data === true);
    };
    window.postMessage(request, [port2]);
  });
}

function samePage(one: string, other: string): boolean {
  return one.split('#')[0] === other.split('#')[0];
}

/** Where the notification's conversation opens when no page shows the chat. */
export function urlOf(page: string, conversation: string | null): string {
  return conversation === null ? page : page.split('#')[0] + fragmentOf(conversation);
}

/** Somebody looks at a page of this origin: what comes is on their screen already. */
export async function isInView(worker: WorkerScope): Promise<boolean> {
  const windows = await worker.clients.matchAll({ type: 'window', includeUncontrolled: true });
  return windows.some(({ focused, visibilityState }) => focused && visibilityState === 'visible');
}
