import { describe, expect, test } from 'bun:test';
import { mayReach, Reach } from './reach.ts';
import { cleanServer, serverPattern, sitePattern } from './settings.ts';

describe('what people type as their server', () => {
  test('becomes an address without a slash at its end', () => {
    expect(cleanServer(' chat.example.com ')).toBe('https://chat.example.com');
    expect(cleanServer('http://127.0.0.1:6001/')).toBe('http://127.0.0.1:6001');
    expect(cleanServer('https://example.com/realtime/?x#y')).toBe('https://example.com/realtime');
  });

  test('is refused when it is none', () => {
    for (const text of ['', 'a b', 'https://', 'https://user:secret@example.com']) {
      expect(`${text}: ${cleanServer(text)}`).toBe(`${text}: null`);
    }
  });

  test('is asked for as a pattern that the browser knows', () => {
    expect(serverPattern('https://chat.example.com:8443/realtime')).toBe('https://chat.example.com/*');
  });
});

test('what people type as a site becomes a pattern, or nothing', () => {
  expect(sitePattern('example.com')).toBe('https://example.com/*');
  expect(sitePattern('https://Example.com:8443/page?x')).toBe('https://example.com/*');
  expect(sitePattern('http://127.0.0.1')).toBe('http://127.0.0.1/*');
  expect(sitePattern('*.example.com')).toBe('https://*.example.com/*');
  for (const text of ['', '*', 'a b', 'javascript:alert(1)', 'https://a*b.example']) {
    expect(`${text}: ${sitePattern(text)}`).toBe(`${text}: null`);
  }
});

describe('a page’s script reaches', () => {
  const server = 'https://chat.example.com/realtime';
  const may = (url: string, reach = new Reach()) => mayReach(url, server, reach);

  test('its server, below its path', () => {
    expect(may('https://chat.example.com/realtime/chat/api/v1/config?app=k')).toBe(true);
    expect(may('wss://chat.example.com/realtime/app/k')).toBe(true);
  });

  test('nothing else', () => {
    for (const url of [
      'https://evil.example/realtime/',
      'https://chat.example.com/other',
      'https://chat.example.com/realtimes',
      'https://chat.example.com:8443/realtime/',
      'http://chat.example.com/realtime/',
      'file:///etc/passwd',
      'chrome://settings',
      'no address',
    ]) {
      expect(`${url} ${may(url)}`).toBe(`${url} false`);
    }
    expect(mayReach('https://chat.example.com/', '', new Reach())).toBe(false);
  });

  test('the realtime host that the server’s configuration names', () => {
    const reach = new Reach();
    reach.learn(`${server}/chat/api/v1/state`, '{"realtime":{"host":"evil.example"}}');
    reach.learn(`${server}/chat/api/v1/config?app=k`, '{"realtime":{"host":"WS.example.com"}}');
    reach.learn(`${server}/chat/api/v1/config?app=k`, 'no JSON');
    expect(may('wss://ws.example.com/app/k', reach)).toBe(true);
    expect(may('wss://evil.example/app/k', reach)).toBe(false);
  });
});
