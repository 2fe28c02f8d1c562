/** What one node tells the others. Format 1; a node reads its own format and the one before (there is none yet). */
export type Envelope =
  | EventEnvelope
  | { readonly kind: 'terminate'; readonly appId: string; readonly userId: string }
  | { readonly kind: 'apps-changed' }
  | NodeEnvelope
  /** What a newer node says and this one does not know; only ever received. */
  | { readonly kind: 'unknown' };

export interface EventEnvelope {
  readonly kind: 'event';
  readonly frame: string;
  /** Socket id of the connection that must not get it. */
  readonly except: string | null;
  /** How long a cache channel keeps it, 0 when it does not. No time of day: the clocks of nodes may differ. */
  readonly cacheMs: number;
}

/** What nodes say of themselves and to each other (`nodes.ts`); `node` is the sender. */
export type NodeEnvelope =
  /** It lives; a new one wants to hear the same from the others. */
  | { readonly kind: 'alive'; readonly node: string; readonly isNew: boolean }
  | { readonly kind: 'gone'; readonly node: string }
  | {
      readonly kind: 'ask';
      readonly node: string;
      /** Of the question, to the one who asks. */
      readonly id: number;
      readonly about: string;
      /** JSON, here and below. */
      readonly data: unknown;
    }
  | {
      readonly kind: 'answer';
      readonly node: string;
      readonly id: number;
      /** False: it has no answer, so that nobody has to wait for one; `data` is null. */
      readonly has: boolean;
      readonly data: unknown;
    }
  | { readonly kind: 'told'; readonly node: string; readonly about: string; readonly data: unknown };

const format = 1;
const nameLengthMax = 64;

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
  if (typeof envelope !== 'object' || envelope === null || !('kind' in envelope)) return null;
  const { kind, ...fields } = envelope;
  const isValid = validities.get(kind);
  if (isValid === undefined) return typeof kind === 'string' ? { kind: 'unknown' } : null;
  return isValid(fields) ? (envelope as Envelope) : null;
}

type Fields = Readonly<Record<string, unknown>>;

const isName = (value: unknown) =>
  typeof value === 'string' && value.length > 0 && value.length <= nameLengthMax;
const isId = (value: unknown) => Number.isSafeInteger(value);

const validities = new Map<unknown, (fields: Fields) => boolean>([
  [
    'event',
    ({ frame, except, cacheMs }) =>
      typeof frame === 'string' &&
      (except === null || typeof except === 'string') &&
      typeof cacheMs === 'number' &&
      cacheMs >= 0,
  ],
  ['terminate', ({ appId, userId }) => typeof appId === 'string' && typeof userId === 'string'],
  ['apps-changed', () => true],
  ['alive', ({ node, isNew }) => isName(node) && typeof isNew === 'boolean'],
  ['gone', ({ node }) => isName(node)],
  ['ask', (fields) => isName(fields.node) && isId(fields.id) && isName(fields.about) && 'data' in fields],
  [
    'answer',
    (fields) => isName(fields.node) && isId(fields.id) && typeof fields.has === 'boolean' && 'data' in fields,
  ],
  ['told', (fields) => isName(fields.node) && isName(fields.about) && 'data' in fields],
]);
