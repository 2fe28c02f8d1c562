/**
 * What a file is, by its first bytes. The name and the Content-Type that a client gives are not believed.
 *
 * Pictures are shown after they have been encoded anew. Everything else is for download only; it has a type of its own
 * where no browser would run or render it, and is `application/octet-stream` otherwise (HTML, SVG, XML, PDF, scripts).
 */
export type Content =
  | { readonly kind: 'picture'; readonly format: PictureFormat }
  | { readonly kind: 'file'; readonly type: string };

export type PictureFormat = 'jpeg' | 'png' | 'webp' | 'gif';

/** So many bytes are enough to tell. */
export const headBytes = 4_096;

const unknownType = 'application/octet-stream';

interface Signature {
  /** Byte by byte as Latin-1; `.` stands for any byte. */
  readonly start: string;
  readonly at?: number;
  readonly is: PictureFormat | { readonly type: string };
}

/** The first row that fits decides. */
const signatures: readonly Signature[] = [
  { start: '\xff\xd8\xff', is: 'jpeg' },
  { start: '\x89PNG\r\n\x1a\n', is: 'png' },
  { start: 'GIF87a', is: 'gif' },
  { start: 'GIF89a', is: 'gif' },
  { start: 'RIFF....WEBP', is: 'webp' },
  { start: 'RIFF....WAVE', is: { type: 'audio/wav' } },
  { start: 'ftypheic', at: 4, is: { type: 'image/heic' } },
  { start: 'ftypheix', at: 4, is: { type: 'image/heic' } },
  { start: 'ftypmif1', at: 4, is: { type: 'image/heic' } },
  { start: 'ftypavif', at: 4, is: { type: 'image/avif' } },
  { start: 'ftypM4A', at: 4, is: { type: 'audio/mp4' } },
  { start: 'ftypqt', at: 4, is: { type: 'video/quicktime' } },
  { start: 'ftyp', at: 4, is: { type: 'video/mp4' } },
  { start: '\x1a\x45\xdf\xa3', is: { type: 'video/webm' } },
  { start: 'OggS', is: { type: 'audio/ogg' } },
  { start: 'fLaC', is: { type: 'audio/flac' } },
  { start: 'ID3', is: { type: 'audio/mpeg' } },
  { start: '\xff\xfb', is: { type: 'audio/mpeg' } },
  { start: '\xff\xf3', is: { type: 'audio/mpeg' } },
  { start: 'PK\x03\x04', is: { type: 'application/zip' } },
  { start: '\x1f\x8b', is: { type: 'application/gzip' } },
  { start: '7z\xbc\xaf\x27\x1c', is: { type: 'application/x-7z-compressed' } },
];

/** @param head the first `headBytes` of the file, or all of it */
export function contentOf(head: Uint8Array): Content {
  const found = signatures.find(({ start, at = 0 }) => startsWith(head, start, at))?.is;
  if (typeof found === 'string') return { kind: 'picture', format: found };
  return {
    kind: 'file',
    type: found?.type ?? (isPlainText(head) ? 'text/plain; charset=utf-8' : unknownType),
  };
}

function startsWith(head: Uint8Array, start: string, at: number): boolean {
  for (let i = 0; i < start.length; i++) {
    if (start[i] !== '.' && head[at + i] !== start.charCodeAt(i)) return false;
  }
  return true;
}

/** UTF-8 without control characters, and without what begins a tag or a PDF. */
function isPlainText(head: Uint8Array): boolean {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(head, {
      stream: head.length === headBytes,
    });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    return !/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f<]|%PDF/.test(text);
  } catch {
    return false; // not UTF-8
  }
}
