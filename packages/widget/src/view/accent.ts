/**
 * A host's brand colour (`--earshot-accent`) can be any: what is written on it, and what is written in it on our surfaces,
 * is computed, so that every text has a contrast of 4.5:1.
 */

type Colour = readonly [red: number, green: number, blue: number];

/** WCAG 2.2, relative luminance of channels from 0 to 255. */
export function luminance(colour: Colour): number {
  const [red, green, blue] = colour.map((value) => {
    const channel = value / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

export function contrast(one: Colour, other: Colour): number {
  const [a, b] = [luminance(one), luminance(other)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

const black: Colour = [0, 0, 0];
const white: Colour = [255, 255, 255];

/** Black or white, whichever is read better on `colour`. One of them always has 4.5:1. */
export function textOn(colour: Colour): Colour {
  return contrast(white, colour) >= contrast(black, colour) ? white : black;
}

/** `colour`, moved towards black or white until it is read on each of `surfaces`. */
export function readable(colour: Colour, surfaces: readonly Colour[]): Colour {
  const target = luminance(surfaces[0] ?? white) > 0.2 ? black : white;
  for (let step = 0; step < 20; step++) {
    const mixed = colour.map(
      (value, at) => value + ((target[at] ?? 0) - value) * (step / 20),
    ) as unknown as Colour;
    if (surfaces.every((surface) => contrast(mixed, surface) >= 4.6)) return mixed;
  }
  return target;
}

/** What a browser makes of any colour, as channels from 0 to 255. */
function resolved(value: string): Colour | null {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  if (canvas === null || !CSS.supports('color', value)) return null;
  canvas.fillStyle = value;
  canvas.fillRect(0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0] = canvas.getImageData(0, 0, 1, 1).data;
  return [red, green, blue];
}

/** Sets what follows from the host's brand colour, and keeps it right when light and dark change. */
export function applyAccent(box: HTMLElement): () => void {
  const apply = () => {
    const style = getComputedStyle(box);
    const read = (name: string) => resolved(style.getPropertyValue(name).trim());
    const accent = read('--earshot-accent');
    if (accent === null) return;
    const surfaces = ['--raised', '--paper', '--wash'].map((name) => read(name) ?? white);
    const text = readable(accent, surfaces);
    const set = (name: string, [red, green, blue]: Colour) =>
      box.style.setProperty(name, `rgb(${Math.round(red)} ${Math.round(green)} ${Math.round(blue)})`);
    set('--fill', accent);
    set('--on-fill', textOn(accent));
    set('--accent', text);
  };
  apply();
  const dark = matchMedia('(prefers-color-scheme: dark)');
  dark.addEventListener('change', apply);
  return () => dark.removeEventListener('change', apply);
}
