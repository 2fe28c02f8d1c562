import { join } from 'node:path';
import { callbackPath, windowPath } from '../sign-in.ts';

/** A file of the sign-in window, ready to be served at its path below the server's address. */
export interface WindowFile {
  readonly contentType: string;
  readonly body: string;
  /** For every answer with the file. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The page shares its origin with the server's other pages, so it is as strict. It is never framed; and it has to keep hold
 * of the page that opened it, which is another site's (`unsafe-none`).
 */
const headers = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'Cross-Origin-Opener-Policy': 'unsafe-none',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Cache-Control': 'no-cache',
};

/** A file of this folder, as text. */
export type ReadWindowFile = (name: string) => Promise<string>;

const readHere: ReadWindowFile = (name) => Bun.file(join(import.meta.dir, name)).text();

/**
 * The files of the sign-in window, by path.
 * @param styles the tokens and base parts that all pages share, as CSS
 * @param read for programs that carry the files with them
 */
export async function signInFiles(
  styles: string,
  read: ReadWindowFile = readHere,
): Promise<ReadonlyMap<string, WindowFile>> {
  const page = await read('window.html');
  const script = new Bun.Transpiler({ loader: 'ts', target: 'browser', minifyWhitespace: true });
  const html = (base: string): WindowFile => ({
    contentType: 'text/html; charset=utf-8',
    body: page.replaceAll('BASE', base),
    headers: { ...headers, 'Cache-Control': 'no-store' },
  });
  const file = (contentType: string, body: string): WindowFile => ({ contentType, body, headers });
  return new Map([
    [windowPath, html('sign-in')],
    [callbackPath, html('.')],
    [`${windowPath}/window.css`, file('text/css; charset=utf-8', `${styles}\n${await read('window.css')}`)],
    [
      `${windowPath}/window.js`,
      file('text/javascript; charset=utf-8', script.transformSync(await read('window.ts'))),
    ],
  ]);
}

/** Answers with a file of the window; null for another path. */
export function signInResponse(
  files: ReadonlyMap<string, WindowFile>,
  method: string,
  path: string,
): Response | null {
  const found = files.get(path);
  if (found === undefined) return null;
  if (method !== 'GET' && method !== 'HEAD') {
    return new Response('Method not allowed\n', { status: 405, headers: { Allow: 'GET, HEAD' } });
  }
  const answerHeaders = { ...found.headers, 'Content-Type': found.contentType };
  return new Response(method === 'HEAD' ? null : found.body, { headers: answerHeaders });
}
