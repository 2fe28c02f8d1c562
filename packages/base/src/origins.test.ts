import { expect, test } from 'bun:test';
import { originAllowed } from './origins.ts';
import { originPattern } from './settings/kinds.ts';

const cases: [allowed: string[], origin: string | null, expected: boolean][] = [
  [[], 'https://evil.example', true],
  [['https://a.example'], null, true],
  [['https://a.example'], 'https://a.example', true],
  [['https://a.example'], 'https://a.EXAMPLE', true],
  [['https://b.example', 'https://a.example'], 'https://a.example', true],
  [['https://a.example'], 'http://a.example', false],
  [['https://a.example'], 'https://a.example:8443', false],
  [['https://a.example:8443'], 'https://a.example:8443', true],
  [['https://a.example'], 'https://a.example.evil.example', false],
  [['https://a.example'], 'https://b.a.example', false],
  [['https://a.example'], 'null', false],
  [['https://*.a.example'], 'https://b.a.example', true],
  [['https://*.a.example'], 'https://c.b.a.example', true],
  [['https://*.a.example'], 'https://a.example', false],
  [['https://*.a.example'], 'https://.a.example', false],
  [['https://*.a.example'], 'http://b.a.example', false],
  [['https://*.a.example'], 'https://b.a.example:8443', false],
  [['https://*.a.example:8443'], 'https://b.a.example:8443', true],
  [['https://*.a.example'], 'https://evil-a.example', false],
  [['https://*.a.example'], 'https://evil.example:1/.a.example', false],
  [['https://*.a.example'], 'https://evil.example@b.a.example', false],
];

for (const [allowed, origin, expected] of cases) {
  test(`CONN-13: [${allowed}] and ${origin}: ${expected}`, () => {
    expect(originAllowed(allowed, origin)).toBe(expected);
  });
}

test('a browser extension has an origin, too', () => {
  const id = 'chrome-extension://okmfiehiimklajdoeledhphmdahcibaa';
  expect(originPattern.parse(id)).toBe(id);
  expect(originAllowed([id], id)).toBe(true);
  expect(originAllowed(['https://example.com'], id)).toBe(false);
  expect(originPattern.parse('file:///etc')).toBeUndefined();
});
