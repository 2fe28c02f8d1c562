import type { PictureFormat } from './content.ts';

/** Telephones make pictures of 48 megapixels. Decoded, one of 50 takes 200 MB; so there is one at a time. */
const pixelsMax = 50_000_000;
/** Width and height of what is kept. */
const sideMax = 4_096;
const previewSideMax = 480;
/** Drawings and screenshots stay exact up to this size; beyond it that takes seconds. */
const exactPixelsMax = 4_000_000;
const waitingMax = 20;

/** A picture that has been decoded and encoded anew, upright, without what the camera wrote into it. WebP. */
export interface Picture {
  readonly bytes: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** At most 480 pixels wide and high; null when the picture itself is. */
  readonly preview: Uint8Array | null;
}

export type PictureRefusal = 'unreadable' | 'too_many_pixels' | 'busy';

/** Encodes pictures one after the other: each takes a core and a lot of memory. */
export class Pictures {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** @param load reads the picture when it is its turn */
  async encode(format: PictureFormat, load: () => Promise<Uint8Array>): Promise<Picture | PictureRefusal> {
    if (this.#waiting >= waitingMax) return 'busy';
    this.#waiting++;
    const turn = this.#last.then(async () => encode(format, await load()));
    this.#last = turn.catch(() => {}); // whoever asked is told; the next one begins
    return turn.finally(() => {
      this.#waiting--;
    });
  }
}

async function encode(format: PictureFormat, bytes: Uint8Array): Promise<Picture | PictureRefusal> {
  try {
    const open = () => new Bun.Image(bytes, { maxPixels: pixelsMax });
    const found = await open().metadata();
    // The first bytes said what it is; a decoder for something else must not get hold of it.
    if (found.format !== format) return 'unreadable';
    const exact = (format === 'png' || format === 'gif') && found.width * found.height <= exactPixelsMax;
    const main = open()
      .resize(sideMax, sideMax, { fit: 'inside', withoutEnlargement: true })
      .webp(exact ? { lossless: true } : { quality: 82 });
    const encoded = await main.bytes();
    const { width, height } = main;
    if (Math.max(width, height) <= previewSideMax) return { bytes: encoded, width, height, preview: null };
    const preview = await open()
      .resize(previewSideMax, previewSideMax, { fit: 'inside', withoutEnlargement: true })
      .webp({ quality: 75 })
      .bytes();
    return { bytes: encoded, width, height, preview };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'ERR_IMAGE_TOO_MANY_PIXELS') return 'too_many_pixels';
    if (code.startsWith('ERR_IMAGE_')) return 'unreadable';
    throw error;
  }
}
