import type { NotificationData } from '../attention/worker-messages.ts';
import { isInView, openConversation } from './notifications.ts';
import { readPush } from './push.ts';
import type { WorkerScope } from './scope.ts';

/**
 * The service worker: notifications while the chat is open somewhere, and push while it is not. It caches nothing and
 * answers no request. Pages of other origins import it into a worker of their own:
 * `importScripts('https://chat.example.com/chat/worker.js')`. It therefore leaves alone what is not its own.
 */
const worker = self as unknown as WorkerScope;

worker.addEventListener('push', (event) => {
  const push = readPush(event.data, worker.registration.scope, navigator.language);
  if (push === null) return;
  event.waitUntil(
    (async () => {
      // Browsers want to see every push unless the person is looking at the page already.
      if (await isInView(worker)) return;
      const { title, ...options } = push;
      await worker.registration.showNotification(title, options);
    })(),
  );
});

worker.addEventListener('notificationclick', (event) => {
  const { notification } = event;
  if (!notification.tag.startsWith('earshot-')) return;
  notification.close();
  event.waitUntil(openConversation(worker, notification.data as NotificationData));
});
