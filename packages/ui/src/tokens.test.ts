import { expect, test } from 'bun:test';
import { join } from 'node:path';

const css = await Bun.file(join(import.meta.dir, 'tokens.css')).text();
const [day = '', night = ''] = css.split('@media (prefers-color-scheme: dark)');
const light = colours(day);
const dark = new Map([...light, ...colours(night)]);

function colours(text: string): Map<string, string> {
  return new Map(
    [...text.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name = '', value = '']) => [name, value]),
  );
}

/** WCAG 2.2, relative luminance. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(theme: Map<string, string>, one: string, other: string): number {
  const [a, b] = [one, other].map((name) => {
    const colour = theme.get(name);
    if (colour === undefined) throw new Error(`there is no --${name}`);
    return luminance(colour);
  }) as [number, number];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

const surfaces = ['paper', 'raised', 'sunken', 'floating', 'wash'];

for (const [name, theme] of [
  ['light', light],
  ['dark', dark],
] as const) {
  test(`${name}: text is read on every surface (4.5:1)`, () => {
    for (const text of ['ink', 'ink-soft', 'ink-muted', 'accent', 'good', 'warn', 'bad']) {
      for (const surface of surfaces) {
        expect([text, surface, contrast(theme, text, surface) >= 4.5]).toEqual([text, surface, true]);
      }
    }
    for (const [text, surface] of [
      ['on-accent', 'accent'],
      ['on-accent', 'accent-strong'],
      ['accent', 'accent-wash'],
      ['ink', 'good-wash'],
      ['ink', 'warn-wash'],
      ['ink', 'bad-wash'],
      ...Array.from({ length: 8 }, (_, i) => ['on-voice', `voice-${i}`]),
    ] as [string, string][]) {
      expect([text, surface, contrast(theme, text, surface) >= 4.5]).toEqual([text, surface, true]);
    }
  });

  test(`${name}: edges of controls are seen (3:1)`, () => {
    for (const surface of ['paper', 'raised', 'sunken']) {
      expect([surface, contrast(theme, 'edge', surface) >= 3]).toEqual([surface, true]);
    }
  });
}

test('dark is its own design: every surface, text and state has a value there', () => {
  const own = colours(night);
  const shared = [...light.keys()].filter((name) => !own.has(name));
  expect(shared.filter((name) => !name.includes('voice'))).toEqual([]);
  const levels = ['sunken', 'paper', 'raised', 'floating'].map((name) => luminance(dark.get(name) ?? ''));
  expect(levels).toEqual([...levels].sort((a, b) => a - b));
});

test('no colour is written anywhere but here', async () => {
  for (const path of ['base.css', '../../home/src/home.css']) {
    const text = await Bun.file(join(import.meta.dir, path)).text();
    expect([path, text.match(/#[0-9a-f]{3,8}\b|rgb\(|hsl\(/gi)]).toEqual([path, null]);
  }
});
