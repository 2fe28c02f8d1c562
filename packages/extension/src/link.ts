import type { KeyValues } from '@earshot/widget/client/env.ts';
import { base64, type ToPage, type ToWorker } from './bridge.ts';
import type { Port } from './chrome.ts';

/** The page's end of the port: requests, sockets and storage that are the extension's. */
export interface Link {
  fetch(url: string, init: RequestInit): Promise<Response>;
  /** In the place of the global one. */
  readonly WebSocket: typeof WebSocket;
  readonly storage: KeyValues;
  say(message: ToWorker): void;
  /** The worker is gone (updated, or asleep): nothing more comes from it. */
  closed(): void;
  heard(message: ToPage): void;
}

type Answer = ToPage & { readonly type: 'answer' };

export function createLink(connect: () => Port, kept: Readonly<Record<string, string>>): Link {
  const values = new Map(Object.entries(kept));
  const requests = new Map<number, (answer: Answer) => void>();
  const sockets = new Map<number, (message: ToPage) => void>();
  let count = 0;
  let port: Port | null = null;

  const say = (message: ToWorker) => {
    port ??= connect();
    port.postMessage(message);
  };

  async function fetch(url: string, init: RequestInit): Promise<Response> {
    const id = ++count;
    const { body } = init;
    const bytes = body instanceof Blob ? base64(new Uint8Array(await body.arrayBuffer())) : null;
    const answer = await new Promise<Answer>((resolve) => {
      requests.set(id, resolve);
      init.signal?.addEventListener('abort', () => {
        say({ type: 'abort', id });
        resolve({ type: 'answer', id, status: 0, headers: {}, body: '' });
      });
      const method = init.method ?? 'GET';
      const headers = Object.fromEntries(new Headers(init.headers));
      const sent = bytes !== null ? { bytes } : typeof body === 'string' ? { text: body } : null;
      say({ type: 'fetch', id, url, method, headers, body: sent });
    });
    requests.delete(id);
    if (answer.status === 0) throw new TypeError('there was no answer');
    const empty = answer.status === 204 || answer.status === 304;
    return new Response(empty ? null : answer.body, { status: answer.status, headers: answer.headers });
  }

  /** What of WebSocket the realtime client uses. */
  class LinkedSocket {
    readyState = 0;
    onopen: (() => void) | null = null;
    onmessage: ((event: { data: string }) => void) | null = null;
    onclose: ((event: { code: number; reason: string; wasClean: boolean }) => void) | null = null;
    onerror: ((event: unknown) => void) | null = null;
    onactivity: unknown = null;
    readonly bufferedAmount = 0;
    readonly #id = ++count;

    constructor(readonly url: string) {
      sockets.set(this.#id, (message) => this.#heard(message));
      say({ type: 'open', id: this.#id, url });
    }

    send(data: string): void {
      say({ type: 'send', id: this.#id, data });
    }

    close(code = 1000): void {
      if (this.readyState >= 2) return;
      this.readyState = 2;
      say({ type: 'close', id: this.#id, code });
    }

    #heard(message: ToPage): void {
      if (message.type === 'opened') {
        this.readyState = 1;
        this.onopen?.();
      } else if (message.type === 'message') this.onmessage?.({ data: message.data });
      else if (message.type === 'closed') {
        this.readyState = 3;
        sockets.delete(this.#id);
        this.onclose?.({ code: message.code, reason: message.reason, wasClean: message.code === 1000 });
      }
    }
  }

  return {
    fetch,
    WebSocket: LinkedSocket as unknown as typeof WebSocket,
    storage: {
      getItem: (key) => values.get(key) ?? null,
      setItem(key, value) {
        values.set(key, value);
        say({ type: 'keep', key, value });
      },
      removeItem(key) {
        values.delete(key);
        say({ type: 'keep', key, value: null });
      },
    },
    say,
    closed() {
      port = null;
      for (const [id, resolve] of requests) resolve({ type: 'answer', id, status: 0, headers: {}, body: '' });
      for (const [id, hear] of sockets) hear({ type: 'closed', id, code: 1006, reason: '' });
    },
    heard(message) {
      if (message.type === 'answer') requests.get(message.id)?.(message);
      else if (message.type === 'opened' || message.type === 'message' || message.type === 'closed') {
        sockets.get(message.id)?.(message);
      } else if (message.type === 'kept') {
        if (message.value === null) values.delete(message.key);
        else values.set(message.key, message.value);
      }
    },
  };
}
