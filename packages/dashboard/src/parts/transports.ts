import type { Transport } from '../contract.ts';

/** What people call the transports. */
export const transportNames: Readonly<Record<Transport, string>> = {
  websocket: 'WebSocket',
  xhr_streaming: 'XHR streaming',
  xhr_polling: 'XHR polling',
  event_stream: 'Event stream',
};
