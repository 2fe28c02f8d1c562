import { expect, test } from 'bun:test';
import type { WebhookEndpoint } from '../contract.ts';
import { draftOf, formOf, newForm, problemsFrom, problemsOf } from './form.ts';

const form = { ...newForm, url: 'https://example.com/hooks' };

test.each([
  ['', 'Write the address that your server listens at.'],
  ['example.com/hooks', 'An address begins with https:// or http://.'],
  ['javascript:alert(1)', 'An address begins with https:// or http://.'],
  ['https://', 'This is no address. Check it for blanks and typing errors.'],
  ['https://exa mple.com', 'This is no address. Check it for blanks and typing errors.'],
  ['https://example.com/a#b', 'What follows # is never sent. Leave it out.'],
  [
    'https://me:secret@example.com',
    'Names and passwords in an address show up in logs. Send them as a header.',
  ],
  [`https://example.com/${'x'.repeat(2_000)}`, 'An address has 2000 characters at most.'],
])('the address %j is refused', (url, problem) => {
  expect(problemsOf({ ...form, url }).get('url')).toBe(problem);
});

test('what is right has no problems', () => {
  const headers = [
    { name: 'X-Tenant', value: 'north' },
    { name: '', value: '' },
  ];
  expect([
    ...problemsOf({ ...form, headers, prefix: 'presence-', url: ' http://127.0.0.1:9/x?y=1 ' }),
  ]).toEqual([]);
});

test.each([
  [{ kinds: [] }, 'kinds'],
  [{ prefix: 'a b' }, 'prefix'],
  [{ headers: [{ name: '', value: 'x' }] }, 'headers.0'],
  [{ headers: [{ name: 'a b', value: 'x' }] }, 'headers.0'],
  [{ headers: [{ name: 'X-Pusher-Key', value: 'x' }] }, 'headers.0'],
  [{ headers: [{ name: 'content-type', value: 'x' }] }, 'headers.0'],
  [{ headers: [{ name: 'a', value: 'x\r\nb: c' }] }, 'headers.0'],
  [
    {
      headers: [
        { name: 'a', value: '1' },
        { name: 'A', value: '2' },
      ],
    },
    'headers.1',
  ],
  [{ headers: Array.from({ length: 11 }, (_, i) => ({ name: `h${i}`, value: '' })) }, 'headers'],
])('%j is refused at %s', (part, field) => {
  expect([...problemsOf({ ...form, ...part }).keys()]).toEqual([field]);
});

test('a form becomes what the server takes, and back', () => {
  const draft = draftOf({
    ...form,
    url: ' https://example.com/hooks ',
    kinds: ['member_added', 'channel_occupied', 'nonsense'],
    headers: [
      { name: ' X-Tenant ', value: ' north ' },
      { name: '', value: '' },
    ],
  });
  expect(draft).toEqual({
    url: 'https://example.com/hooks',
    kinds: ['channel_occupied', 'member_added'],
    prefix: '',
    headers: { 'X-Tenant': 'north' },
    batching: true,
    enabled: true,
  });
  const endpoint: WebhookEndpoint = {
    ...draft,
    id: 'e1',
    createdAt: 0,
    lockedBy: null,
    waiting: 0,
    failed: 0,
    lastAttempt: null,
  };
  expect(draftOf(formOf(endpoint))).toEqual(draft);
});

test('what the server refuses stands where it belongs', () => {
  const headers = [{ name: 'X-Tenant', value: 'x' }];
  const at = (field?: string) => [
    ...problemsFrom({ ...form, headers }, field === undefined ? { message: 'No' } : { message: 'No', field }),
  ];
  expect(at('url')).toEqual([['url', 'No']]);
  expect(at('headers.x-tenant')).toEqual([['headers.0', 'No']]);
  expect(at('headers.other')).toEqual([['headers', 'No']]);
  expect(at('unheard')).toEqual([['form', 'No']]);
  expect(at()).toEqual([['form', 'No']]);
});
