import { expect } from 'bun:test';
import { dataOf } from './server.ts';
import type { Wire } from './wire.ts';

/** The next message must be `pusher:error` (BAD-1) with this text in it; gives the whole text. */
export async function expectRefused(wire: Wire, text: string, code: number | null = null): Promise<string> {
  const message = await wire.next('pusher:error');
  expect(Object.keys(message)).toEqual(['event', 'data']);
  const data = message.data as { code: unknown; message: unknown };
  expect(data).toEqual({ code, message: expect.stringContaining(text) });
  return String(data.message);
}

/** A refused subscribe: `pusher:error`, then the error that names the channel (SUB-8); gives the whole text. */
export async function expectSubscribeRefused(wire: Wire, channel: string, text: string): Promise<string> {
  const told = await expectRefused(wire, text);
  const message = await wire.next('pusher:subscription_error');
  expect(message.channel).toBe(channel);
  expect(dataOf(message)).toEqual({ type: expect.any(String), error: told, status: expect.any(Number) });
  return told;
}
