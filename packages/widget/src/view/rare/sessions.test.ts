import { expect, test } from 'bun:test';
import { english } from '../../i18n/load.ts';
import { deviceOf } from './sessions.tsx';
import type { MoreTranslator } from './use-more.ts';

test('a browser is called what people call it', async () => {
  const t = english() as unknown as MoreTranslator;
  await t.more();
  const device = (userAgent: string) => deviceOf(t, userAgent);
  const webkit = 'AppleWebKit/537.36 (KHTML, like Gecko)';
  expect(
    device(`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${webkit} Chrome/150.0 Safari/537.36 Edg/150.0`),
  ).toBe('Edge on Windows');
  expect(device(`Mozilla/5.0 (Linux; Android 16; K) ${webkit} Chrome/150.0 Mobile Safari/537.36`)).toBe(
    'Chrome on Android',
  );
  expect(
    device(
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Safari/604.1',
    ),
  ).toBe('Safari on iOS');
  expect(device('Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0')).toBe(
    'Firefox on Linux',
  );
  expect(device('curl/8.0')).toBe('Unknown browser');
  expect(device('')).toBe('Unknown browser');
});
