import { expect, test } from 'bun:test';
import { mastodonServer } from './mastodon.ts';

test('the name of a Mastodon server is one, and nothing else', () => {
  for (const typed of [
    'mastodon.social',
    ' https://Mastodon.Social/ ',
    '@ada@mastodon.social',
    'ada@mastodon.social',
  ]) {
    expect([typed, mastodonServer(typed)]).toEqual([typed, 'mastodon.social']);
  }
  expect(mastodonServer('tüt.example')).toBe('xn--tt-xka.example');
  for (const typed of [
    '',
    'localhost',
    '127.0.0.1',
    '2130706433',
    '[::1]',
    'mastodon.social:8080',
    'mastodon.social/path',
    'mastodon.social?x',
    'mastodon.social#x',
    'u:p@mastodon.social',
    'http://mastodon.social',
    'mastodon.social\\@evil.example',
    'a b.example',
    `${'a'.repeat(64)}.example`,
    'x'.repeat(400),
    '...',
  ]) {
    expect([typed, mastodonServer(typed)]).toEqual([typed, null]);
  }
});
