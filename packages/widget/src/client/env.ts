/** Something scheduled; `cancel` may be called any number of times. */
export interface Pending {
  cancel(): void;
}

/** What of `Storage` is used. Each call may throw where the browser forbids it. */
export interface KeyValues {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** What of `BroadcastChannel` is used. */
export interface Broadcast {
  postMessage(message: unknown): void;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  close(): void;
}

/** What of `LockManager` is used. */
export interface Locks {
  request(
    name: string,
    options: { readonly steal?: boolean; readonly signal?: AbortSignal },
    held: () => Promise<void> | void,
  ): Promise<unknown>;
}

export type PageEvent = 'seen' | 'unseen' | 'online' | 'offline' | 'gone' | 'back';

/** The page that the widget is in. */
export interface Page {
  readonly origin: string;
  /** The page's own address for `kind: 'page'` rooms: canonical where it says so, without fragment. */
  address(): string;
  visible(): boolean;
  /** The person is at this window: nothing needs to call them. */
  focused(): boolean;
  /** What the browser says; `true` means little. */
  online(): boolean;
  /** @returns how to stop hearing */
  on(event: PageEvent, listener: () => void): () => void;
  /** Whether the page's own policy stopped a request to this address. */
  blocked(url: string): boolean;
  /** @returns null when the browser did not allow it */
  openWindow(url: string): { readonly closed: boolean; close(): void } | null;
  /** `message` events of the window. @returns how to stop hearing */
  onMessage(
    listener: (event: { readonly origin: string; readonly source: unknown; readonly data: unknown }) => void,
  ): () => void;
  /** An address for a picture that is about to be sent, null where there is none. Given back by `dropPreview`. */
  preview(file: Blob): string | null;
  dropPreview(url: string): void;
  /** Hands the person a file. */
  save(name: string, content: Blob): void;
}

/** Everything that the widget takes from the browser, handed in, so that tests have it in their hands. */
export interface Env {
  now(): number;
  /** From 0 to below 1. */
  random(): number;
  /** From the browser's generator for secrets. */
  randomBytes(length: number): Uint8Array;
  after(ms: number, task: () => void): Pending;
  /** When the page has nothing else to do. */
  idle(task: () => void): Pending;
  fetch(url: string, init: RequestInit): Promise<Response>;
  /** Sends a file, telling how much of it is on its way, 0 to 1. @returns how to give it up */
  upload(
    url: string,
    headers: Readonly<Record<string, string>>,
    file: Blob,
    progress: (part: number) => void,
    /** Status 0: no answer. */
    done: (status: number, body: string) => void,
  ): () => void;
  /** SHA-256; null where the page is not secure and the browser has none. */
  sha256(text: string): Promise<ArrayBuffer> | null;
  /** Kept over visits. Null where it is forbidden. */
  local(): KeyValues | null;
  /** Kept for the tab. */
  tab(): KeyValues | null;
  readonly locks: Locks | null;
  /** Null where there is none. */
  broadcast(name: string): Broadcast | null;
  readonly page: Page;
}

/** A random UUID. (`crypto.randomUUID` exists on secure pages only.) */
export function uuid(env: Pick<Env, 'randomBytes'>): string {
  const bytes = env.randomBytes(16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Base64 as it goes into addresses. */
export function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .replace(/=+$/, '');
}
