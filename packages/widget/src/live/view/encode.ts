import { livePictureBytes } from '../state.ts';

/** A picture that can be handed on: pixels alone, without place, time or camera. */
export interface Encoded {
  readonly blob: Blob;
  readonly width: number;
  readonly height: number;
}

/** Sides in CSS pixels at most, tried from the largest. */
const sides = [1600, 1100, 700];
const quality = 0.82;

/** @returns why it cannot be sent instead: no picture, or too large whatever is done */
export async function encodePicture(file: Blob): Promise<Encoded | 'none' | 'large'> {
  const bitmap = await createImageBitmap(file).catch(() => null);
  if (bitmap === null || bitmap.width === 0) return 'none';
  try {
    for (const side of sides) {
      const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
      const width = Math.max(1, Math.round(bitmap.width * scale));
      const height = Math.max(1, Math.round(bitmap.height * scale));
      const blob = await drawn(bitmap, width, height);
      if (blob !== null && blob.size <= livePictureBytes) return { blob, width, height };
    }
    return 'large';
  } finally {
    bitmap.close();
  }
}

async function drawn(bitmap: ImageBitmap, width: number, height: number): Promise<Blob | null> {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0, width, height);
  const as = (type: string) => new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, type, quality));
  const webp = await as('image/webp');
  // A browser that cannot write WebP writes PNG instead, which is large for photographs.
  return webp?.type === 'image/webp' ? webp : as('image/jpeg');
}

/** The pictures among what was dropped or pasted. */
export function picturesIn(data: DataTransfer | null): File[] {
  return [...(data?.files ?? [])].filter(({ type }) => type.startsWith('image/'));
}
