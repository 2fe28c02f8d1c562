import { createHash } from 'node:crypto';
import type { Context } from 'hono';

export type Bytes = Uint8Array<ArrayBuffer>;

/** A file that is served as it is. */
export interface Asset {
  readonly body: Bytes;
  /** The same bytes where packing does not make them smaller (pictures). */
  readonly gzipped: Bytes;
  readonly contentType: string;
  readonly etag: string;
  /** Its name changes with its content. */
  readonly immutable: boolean;
}

export const contentTypes = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
  text: 'text/plain; charset=utf-8',
  manifest: 'application/manifest+json',
} as const;

export function asset(body: Bytes, contentType: string, immutable = false): Asset {
  const gzipped =
    contentType === contentTypes.png ? body : Bun.gzipSync(body, { library: 'libdeflate', level: 12 });
  // Weak, because the gzipped form has the same one.
  return { body, gzipped, contentType, etag: `W/"${hashOf(body)}"`, immutable };
}

export function textAsset(text: string, contentType: string): Asset {
  return asset(new TextEncoder().encode(text), contentType);
}

/** Twelve characters that stand for the content in a name. */
export function hashOf(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('base64url').slice(0, 12);
}

/** Answers with the file, packed where the browser takes it. `hono/etag` before it makes that a 304 where it is known. */
export function answerWith(c: Context, found: Asset): Response {
  const gzip = found.gzipped !== found.body && /\bgzip\b/.test(c.req.header('Accept-Encoding') ?? '');
  c.header('Content-Type', found.contentType);
  c.header('Cache-Control', found.immutable ? 'public, max-age=31536000, immutable' : 'no-cache');
  c.header('ETag', found.etag);
  c.header('Vary', 'Accept-Encoding');
  if (gzip) c.header('Content-Encoding', 'gzip');
  return c.body(gzip ? found.gzipped : found.body);
}

/** For pages of whoever runs this server, whatever their origin. */
export function allowEveryOrigin(c: Context): void {
  c.header('Cross-Origin-Resource-Policy', 'cross-origin');
  c.header('Access-Control-Allow-Origin', '*');
}
