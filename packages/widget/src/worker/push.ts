import { type NotificationData, tagOf } from '../attention/worker-messages.ts';
import { urlOf } from './notifications.ts';

/** What the server pushes, as JSON. Without text where the person wants it hidden. */
interface PushPayload {
  readonly earshot: 1;
  readonly app: string;
  readonly title: string;
  readonly body: string;
  readonly conversation: string | null;
}

type Options = { readonly title: string } & NotificationOptions;

/**
 * @param scope of the registration: the page that opens when none is there
 * @returns null for a push that is not the chat's; the worker of a host site may have others
 */
export function readPush(data: { json(): unknown } | null, scope: string): Options | null {
  const payload = parse(data);
  if (payload === null) return null;
  const { app, title, body, conversation } = payload;
  const shown: NotificationData = { app, conversation, url: urlOf(scope, conversation) };
  return { title, body, tag: tagOf(app, conversation ?? 'chat'), data: shown };
}

function parse(data: { json(): unknown } | null): PushPayload | null {
  try {
    const payload = data?.json() as PushPayload | undefined;
    return payload?.earshot === 1 ? payload : null;
  } catch {
    return null;
  }
}
