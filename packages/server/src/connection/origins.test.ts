import { expect, test } from 'bun:test';
import { originAllowed } from './origins.ts';

const cases: [allowed: string[], origin: string | null, expected: boolean][] = [
  [[], 'https://evil.example', true],
  [['https://a.example'], null, true],
  [['https://a.example'], 'https://a.example', true],
  [['https://A.example'], 'https://a.EXAMPLE', true],
  [['https://a.example'], 'http://a.example', false],
  [['https://a.example'], 'https://a.example:8443', false],
  [['https://a.example'], 'https://a.example.evil.example', false],
  [['a.example'], 'http://a.example:8080', true],
  [['a.example'], 'https://b.a.example', false],
  [['*.a.example'], 'https://b.a.example', true],
  [['*.a.example'], 'https://a.example', false],
  [['*.a.example'], 'https://eviла.example', false],
  [['*.a.example'], 'https://evil-a.example', false],
  [['a.example'], 'null', false],
  [['*'], 'https://evil.example', true],
];

for (const [allowed, origin, expected] of cases) {
  test(`CONN-13: [${allowed}] and ${origin}: ${expected}`, () => {
    expect(originAllowed(allowed, origin)).toBe(expected);
  });
}
