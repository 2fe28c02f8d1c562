import { isIP } from 'node:net';

/** What a form needs to know of a kind to offer the right field. */
export type Shape =
  | { readonly type: 'boolean' }
  | { readonly type: 'number'; readonly min: number; readonly max: number }
  | { readonly type: 'text' }
  | { readonly type: 'choice'; readonly choices: readonly string[] }
  /** `choices` where its items are of a few. */
  | { readonly type: 'list'; readonly choices?: readonly string[] };

/** What a setting may hold: how its text is read, and how a value that did not come as text is checked. */
export interface Kind<T> {
  /** Completes "expected …" in messages and in the reference page. */
  readonly expected: string;
  readonly shape: Shape;
  /** The value of a text, normalised; undefined when the text is not valid. */
  parse(text: string): T | undefined;
  /** Whether a value from the database or the dashboard is valid and normalised. */
  accepts(value: unknown): value is T;
  /** The text that `parse` would read as `value`. */
  format(value: T): string;
}

function textKind(expected: string, parse: (text: string) => string | undefined): Kind<string> {
  return {
    expected,
    shape: { type: 'text' },
    parse,
    accepts: (value): value is string => typeof value === 'string' && parse(value) === value,
    format: (value) => value,
  };
}

export const boolean: Kind<boolean> = {
  expected: 'true or false',
  shape: { type: 'boolean' },
  parse(text) {
    if (text === 'true' || text === '1') return true;
    if (text === 'false' || text === '0') return false;
    return undefined;
  },
  accepts: (value): value is boolean => typeof value === 'boolean',
  format: String,
};

/** A whole number within bounds, both included. `note` says what a special value means. */
export function wholeNumber(min: number, max: number, note?: string): Kind<number> {
  const inBounds = (value: number) => Number.isSafeInteger(value) && value >= min && value <= max;
  return {
    expected: `a whole number from ${min} to ${max}${note === undefined ? '' : ` (${note})`}`,
    shape: { type: 'number', min, max },
    parse(text) {
      if (!/^\d{1,15}$/.test(text)) return undefined;
      const value = Number(text);
      return inBounds(value) ? value : undefined;
    },
    accepts: (value): value is number => typeof value === 'number' && inBounds(value),
    format: String,
  };
}

export function matching(pattern: RegExp, expected: string): Kind<string> {
  return textKind(expected, (text) => (pattern.test(text) ? text : undefined));
}

export function oneOf<const T extends string>(values: readonly T[]): Kind<T> {
  const parse = (text: string) => values.find((value) => value === text);
  return {
    expected: `one of ${values.join(', ')}`,
    shape: { type: 'choice', choices: values },
    parse,
    accepts: (value): value is T => typeof value === 'string' && parse(value) !== undefined,
    format: (value) => value,
  };
}

/** Values separated by commas; blanks around them are dropped. */
export function listOf(item: Kind<string>, expected: string): Kind<string[]> {
  const { shape } = item;
  return {
    expected,
    shape: shape.type === 'choice' ? { type: 'list', choices: shape.choices } : { type: 'list' },
    parse(text) {
      const values: string[] = [];
      for (const part of text.split(',')) {
        const trimmed = part.trim();
        if (trimmed === '') continue;
        const value = item.parse(trimmed);
        if (value === undefined) return undefined;
        values.push(value);
      }
      return values;
    },
    accepts: (value): value is string[] => Array.isArray(value) && value.every((v) => item.accepts(v)),
    format: (values) => values.join(','),
  };
}

/** A path prefix: `/x/y`, without a slash at its end; `/` counts as none. */
export const pathPrefix = textKind(
  'a path that begins with a slash, of letters, digits, ".", "_", "~" and "-"',
  (text) => {
    const path = text.replace(/\/$/, '');
    return path === '' || /^(\/[A-Za-z0-9._~-]+)+$/.test(path) ? path : undefined;
  },
);

/** An address that people open: scheme, host, perhaps port and path, without a slash at its end. */
export const publicUrl = textKind(
  'an address that begins with http:// or https://, without query or fragment',
  (text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || !/^https?:$/.test(url.protocol)) return undefined;
    if (/[?#]/.test(text) || url.username !== '' || url.password !== '') return undefined;
    return url.origin + url.pathname.replace(/\/$/, '');
  },
);

/** An origin as browsers send it, or `scheme://*.domain` for every name below a domain. */
export const originPattern = textKind('an origin', (text) => {
  const [, scheme, wildcard = '', host] =
    /^((?:https?|(?:chrome|moz)-extension):\/\/)(\*\.)?([^/?#@*\s]+)\/?$/i.exec(text) ?? [];
  if (scheme === undefined || host === undefined || !URL.canParse(scheme + host)) return undefined;
  const { protocol, host: normalised } = new URL(scheme + host);
  return `${protocol}//${wildcard}${normalised}`;
});

/** `10.0.0.0/8`, `::1`, … */
export const addressRange = textKind('an address range', (text) => {
  const [address = '', prefix, rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest !== undefined) return undefined;
  if (prefix === undefined) return text;
  return /^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128) ? text : undefined;
});

export const databaseUrl = textKind(
  'postgres://user:password@host:port/database, or sqlite: and the path of a file',
  (text) => {
    if (/^sqlite:.+/.test(text)) return text;
    return /^postgres(ql)?:\/\/.+/.test(text) && URL.canParse(text) ? text : undefined;
  },
);

export const redisUrl = textKind(
  'redis://user:password@host:port/database, or rediss:// with TLS; several separated by commas',
  (text) => {
    if (!/^rediss?:\/\/.+/.test(text) || !URL.canParse(text)) return undefined;
    const { hostname, pathname } = new URL(text);
    return hostname !== '' && /^(\/\d{0,5})?$/.test(pathname) ? text : undefined;
  },
);
