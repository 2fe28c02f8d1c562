import { expect, test } from 'bun:test';
import { shellSnippet } from './shell-snippet.ts';

test('what a shell would read otherwise is quoted; the prefix is in the address, not in what is signed', () => {
  const subject = {
    app: { id: '3', key: 'KEY' },
    server: { scheme: 'https', host: 'realtime.example.com', port: 443, path: '/x' },
    channel: 'my-channel',
    event: 'my-event',
    appears: 'here',
  } as const;
  const code = shellSnippet(subject, `it's $1`).files[0]?.code.split('\n') ?? [];
  expect(code[1]).toBe(`secret='it'\\''s $1'`);
  expect(code[5]).toContain(`'/apps/3/events' "$query"`);
  expect(code[6]).toStartWith(`curl 'https://realtime.example.com:443/x/apps/3/events'"?$query`);
});
