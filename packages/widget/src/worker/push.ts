import type { PushPayload } from '@earshot/chat/contract';
import { type NotificationData, tagOf } from '../attention/worker-messages.ts';
import { urlOf } from './notifications.ts';
import { notificationWords } from './words.ts';

type Shown = { readonly title: string } & NotificationOptions;

/**
 * The notification that a push stands for.
 * @param scope of the registration: the page that opens when none is there
 * @returns null for a push that is not the chat's; the worker of a host site may have others
 */
export function readPush(data: { json(): unknown } | null, scope: string, locale: string): Shown | null {
  const payload = parse(data);
  if (payload === null) return null;
  const { app, kind, conversation, title, text, count, host } = payload;
  const words = notificationWords(locale);
  const said =
    kind === 'message' ? text || words.message : kind === 'invitation' ? words.invitation : words.works;
  const shown: NotificationData = { app, conversation, url: urlOf(pageOf(scope, app), conversation) };
  return {
    title: title || host,
    body: `${said}${count > 1 ? ` (${count})` : ''}\n${host}`,
    tag: tagOf(app, conversation ?? kind),
    data: shown,
  };
}

/** The chat's own page takes the app's key; a page of a host site knows its app. */
function pageOf(scope: string, app: string): string {
  return /\/chat$/.test(scope) ? `${scope}?app=${encodeURIComponent(app)}` : scope;
}

function parse(data: { json(): unknown } | null): PushPayload | null {
  try {
    const payload = data?.json() as PushPayload | undefined;
    return payload?.earshot === 1 ? payload : null;
  } catch {
    return null;
  }
}
