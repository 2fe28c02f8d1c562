import { decodeEnvelope, type Envelope, encodeEnvelope } from '../envelope.ts';

/** Of the id of a sender, which every message begins with. */
export const senderLength = 16;

/** Events are most of what passes, and their frames are text already: they go as they are, not in JSON once more. */
const eventMark = 'e1 ';

/** What goes behind the id of the sender. */
export function encode(envelope: Envelope): string {
  if (envelope.kind !== 'event') return encodeEnvelope(envelope);
  return `${eventMark}${envelope.cacheMs} ${envelope.except ?? ''} ${envelope.frame}`;
}

/** @param message with the sender before it; @returns null for what no version that we understand has sent */
export function decode(message: string): Envelope | null {
  if (!message.startsWith(eventMark, senderLength)) return decodeEnvelope(message.slice(senderLength));
  const start = senderLength + eventMark.length;
  const afterTime = message.indexOf(' ', start);
  const afterSocket = message.indexOf(' ', afterTime + 1);
  const cacheMs = Number(message.slice(start, afterTime));
  if (afterTime < 0 || afterSocket < 0 || !Number.isSafeInteger(cacheMs) || cacheMs < 0) return null;
  const except = message.slice(afterTime + 1, afterSocket);
  return {
    kind: 'event',
    frame: message.slice(afterSocket + 1),
    except: except === '' ? null : except,
    cacheMs,
  };
}
