/** What one node tells the others. Format 1; a node reads its own format and the one before (there is none yet). */
export type Envelope =
  | {
      readonly kind: 'event';
      readonly frame: string;
      /** Socket id of the connection that must not get it. */
      readonly except: string | null;
      /** Milliseconds since the epoch until which a cache channel keeps it; 0 when it is not to be kept. */
      readonly cachedUntil: number;
    }
  | { readonly kind: 'terminate'; readonly appId: string; readonly userId: string }
  | { readonly kind: 'apps-changed' };

const format = 1;

export function encodeEnvelope(envelope: Envelope): string {
  return JSON.stringify([format, envelope]);
}

/** @returns null for a format that this node does not speak, or for what is no envelope at all */
export function decodeEnvelope(text: string): Envelope | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  if (!Array.isArray(value) || value[0] !== format) return null;
  const envelope: unknown = value[1];
  return isEnvelope(envelope) ? envelope : null;
}

function isEnvelope(value: unknown): value is Envelope {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return false;
  const fields = value as Record<string, unknown>;
  switch (fields.kind) {
    case 'event':
      return (
        typeof fields.frame === 'string' &&
        (fields.except === null || typeof fields.except === 'string') &&
        typeof fields.cachedUntil === 'number'
      );
    case 'terminate':
      return typeof fields.appId === 'string' && typeof fields.userId === 'string';
    case 'apps-changed':
      return true;
    default:
      return false;
  }
}
