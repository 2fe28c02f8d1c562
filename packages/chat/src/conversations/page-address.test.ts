import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { pageAddress, vouchedOrigin } from './page-address.ts';

const origin = 'https://example.com';

test('one page has one address, however one came to it', () => {
  const ways = [
    'https://example.com/a/b',
    'https://EXAMPLE.com:443/a/b/',
    'https://example.com/a//b#part',
    'https://example.com/a/b?utm_source=x&fbclid=1&gclid=2',
    'https://user:secret@example.com/a/b',
  ];
  for (const way of ways) {
    expect(pageAddress(way, origin)).toEqual({
      canonical: 'https://example.com/a/b',
      title: 'example.com/a/b',
    });
  }
  expect(pageAddress('https://example.com/?b=2&a=1&utm_campaign=z', origin)).toEqual({
    canonical: 'https://example.com/?a=1&b=2',
    title: 'example.com',
  });
});

test('pages of another origin, of none, and what is no page are refused', () => {
  expect(() => pageAddress('https://example.com/', 'https://evil.example')).toThrow('another origin');
  expect(() => pageAddress('http://example.com/', origin)).toThrow('another origin');
  expect(() => pageAddress('https://example.com:8443/', origin)).toThrow('another origin');
  expect(() => pageAddress('https://example.com/', null)).toThrow('another origin');
  for (const url of [
    '',
    'x',
    '/a',
    'javascript:alert(1)',
    'file:///etc/passwd',
    `${origin}/${'a'.repeat(3_000)}`,
  ]) {
    expect(() => pageAddress(url, origin)).toThrow('Expected the address of a page');
  }
});

test('a canonical address is its own', () => {
  fc.assert(
    fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), (url) => {
      const { origin } = new URL(url);
      const { canonical } = pageAddress(url, origin);
      expect(pageAddress(canonical, origin).canonical).toBe(canonical);
    }),
  );
});

test('our own frame and extensions vouch for the page that they are on; pages for themselves only', () => {
  const page = 'https://example.com/a';
  const vouched = (sent: string | null) => vouchedOrigin(sent, 'Chat.example.com', page);
  expect(vouched('https://chat.example.com')).toBe('https://example.com');
  expect(vouched('chrome-extension://abcdefghijklmnop')).toBe('https://example.com');
  expect(vouched('https://evil.example')).toBe('https://evil.example');
  expect(vouched('https://chat.example.com.evil.example')).toBe('https://chat.example.com.evil.example');
  expect(vouched(null)).toBeNull();
});
