/**
 * What a page's script and the extension's worker say to each other. All of the chat's traffic goes this way, so that the
 * page's Content-Security-Policy does not matter, and the page sees nothing of it.
 */
export type ToWorker =
  | {
      readonly type: 'fetch';
      readonly id: number;
      readonly url: string;
      readonly method: string;
      readonly headers: Readonly<Record<string, string>>;
      /** Text, or bytes as base64. */
      readonly body: { readonly text: string } | { readonly bytes: string } | null;
    }
  | { readonly type: 'abort'; readonly id: number }
  | { readonly type: 'open'; readonly id: number; readonly url: string }
  | { readonly type: 'send'; readonly id: number; readonly data: string }
  | { readonly type: 'close'; readonly id: number; readonly code: number }
  | { readonly type: 'keep'; readonly key: string; readonly value: string | null }
  | { readonly type: 'notify'; readonly tag: string; readonly title: string; readonly body: string }
  | { readonly type: 'put-away'; readonly tag: string };

export type ToPage =
  /** First of all: what was set, and what is kept of the session. */
  | {
      readonly type: 'start';
      readonly server: string;
      readonly app: string;
      readonly kept: Readonly<Record<string, string>>;
    }
  /** The button of the extension was clicked, or a notification. */
  | { readonly type: 'show'; readonly conversation: string | null }
  | {
      readonly type: 'answer';
      readonly id: number;
      /** 0: there was no answer. */
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    }
  | { readonly type: 'opened'; readonly id: number }
  | { readonly type: 'message'; readonly id: number; readonly data: string }
  | { readonly type: 'closed'; readonly id: number; readonly code: number; readonly reason: string }
  | { readonly type: 'kept'; readonly key: string; readonly value: string | null };

/** Name of the ports that pages open. */
export const portName = 'earshot-page';
/** Keys of a session in the extension's storage begin with it. */
export const keptPrefix = 'kept:';

export function base64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 8_192)
    text += String.fromCharCode(...bytes.subarray(at, at + 8_192));
  return btoa(text);
}

export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}
