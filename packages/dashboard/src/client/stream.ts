import { type Api, ApiFailure, failureOf, type RequestOptions } from './api.ts';
import { eventStreamReader } from './event-stream.ts';
import type { Link } from './link.ts';

/** Without a byte for this long, the server is gone: its heartbeats are more frequent. */
const silenceMs = 30_000;
const waitsMs = [500, 1000, 2000, 4000, 8000, 15_000];

export type StreamState =
  | { readonly is: 'connecting' }
  | { readonly is: 'open' }
  /** Broken; tried again by itself. */
  | { readonly is: 'reconnecting' }
  /** Refused for good; `retry` is for the person to press. */
  | { readonly is: 'refused'; readonly failure: ApiFailure };

export interface StreamOptions {
  readonly api: Api;
  readonly link: Link;
  readonly path: string;
  readonly query?: NonNullable<RequestOptions['query']>;
  /** @param data what came, parsed; the caller knows its shape from `contract.ts` */
  readonly onEvent: (event: string, data: unknown) => void;
  readonly onState: (state: StreamState) => void;
  readonly onSignedOut: () => void;
}

/**
 * Follows an event stream of the API until it is stopped: reconnects with growing waits, notices a dead connection by
 * its silence, and tells the link. By `fetch`, because `EventSource` tells neither heartbeats nor why it was refused.
 */
export function openStream(options: StreamOptions): { stop(): void; retry(): void } {
  const { api, link, path, query, onEvent, onState, onSignedOut } = options;
  const self = {};
  let tries = 0;
  let stopped = false;
  let current: AbortController | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const lost = (answered: boolean) => {
    if (stopped) return;
    // A server that refuses for the moment is there.
    if (answered) link.streamFine(self);
    else link.streamLost(self);
    onState({ is: 'reconnecting' });
    clearTimeout(timer);
    timer = setTimeout(() => void connect(), waitsMs[Math.min(tries++, waitsMs.length - 1)]);
  };

  const connect = async () => {
    clearTimeout(timer);
    current?.abort();
    const mine = new AbortController();
    current = mine;
    let open = false;
    let answered = false;
    let silence: ReturnType<typeof setTimeout> | undefined;
    const heard = () => {
      clearTimeout(silence);
      silence = setTimeout(() => mine.abort(), silenceMs);
    };
    try {
      heard();
      const response = await api.fetch(api.urlOf(path, query), {
        cache: 'no-store',
        headers: { Accept: 'text/event-stream' },
        signal: mine.signal,
      });
      if (!response.ok || response.body === null) throw await failureOf(response);
      const read = eventStreamReader();
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        heard();
        if (!open) {
          // The first bytes: only now is it known that no proxy holds the stream back.
          open = true;
          tries = 0;
          link.streamFine(self);
          onState({ is: 'open' });
        }
        for (const { event, data } of read(value)) onEvent(event, JSON.parse(data));
      }
    } catch (error) {
      answered = error instanceof ApiFailure;
      if (stopped || mine !== current) return;
      if (error instanceof ApiFailure && error.code === 'signed_out') {
        link.streamFine(self);
        onSignedOut();
        return;
      }
      // A 5xx passes, and so does a proxy's 429; what else is refused stays refused, too many open pages among it.
      const isRefused =
        error instanceof ApiFailure &&
        error.status < 500 &&
        (error.status !== 429 || error.code === 'too_many');
      if (isRefused) {
        link.streamFine(self);
        onState({ is: 'refused', failure: error });
        return;
      }
    } finally {
      clearTimeout(silence);
    }
    if (mine === current) lost(answered);
  };

  let before = link.state;
  const unlisten = link.listen(() => {
    const backOnline = before === 'offline' && link.state === 'reconnecting';
    before = link.state;
    if (backOnline) void connect();
  });

  onState({ is: 'connecting' });
  void connect();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
      current?.abort();
      unlisten();
      link.streamFine(self);
    },
    retry() {
      tries = 0;
      void connect();
    },
  };
}
