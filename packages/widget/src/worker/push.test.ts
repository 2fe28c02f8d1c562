import { describe, expect, test } from 'bun:test';
import type { PushPayload } from '@earshot/chat/contract';
import { readPush } from './push.ts';

const conversation = 'AAAAAAAAAAAAAAAAAAAAAA';
const payload: PushPayload = {
  earshot: 1,
  app: 'KEY',
  kind: 'message',
  conversation,
  title: 'Ann',
  body: 'Hello\nchat.example.com',
  text: 'Hello',
  count: 1,
  host: 'chat.example.com',
};
const read = (value: unknown, scope = 'https://site.example/', locale = 'en-GB') =>
  readPush({ json: () => value }, scope, locale);

describe('a push', () => {
  test('says who, what and from where, and leads to its conversation', () => {
    expect(read(payload)).toEqual({
      title: 'Ann',
      body: 'Hello\nchat.example.com',
      tag: `earshot-KEY-${conversation}`,
      data: { app: 'KEY', conversation, url: `https://site.example/#earshot=${conversation}` },
    });
  });

  test('leads to the page of its app where that is the chat itself', () => {
    const shown = read(payload, 'https://chat.example.com/chat');
    expect(shown?.data.url).toBe(`https://chat.example.com/chat?app=KEY#earshot=${conversation}`);
  });

  test('whose text is hidden says in the reader’s language that there is a message', () => {
    expect(read({ ...payload, text: '' }, undefined, 'de-AT')?.body).toBe('Neue Nachricht\nchat.example.com');
    expect(read({ ...payload, text: '' }, undefined, 'xx')?.body).toBe('New message\nchat.example.com');
  });

  test('tells how many messages it stands for', () => {
    expect(read({ ...payload, count: 3 })?.body).toBe('Hello (3)\nchat.example.com');
  });

  test('of an invitation and of a test has words of its own', () => {
    expect(read({ ...payload, kind: 'invitation', conversation: null, text: '' })).toMatchObject({
      body: 'Wants to chat with you\nchat.example.com',
      tag: 'earshot-KEY-invitation',
    });
    expect(read({ ...payload, kind: 'test', title: '', conversation: null })?.title).toBe('chat.example.com');
  });

  test('of the host site is left to the host site', () => {
    expect(read({ title: 'Sale' })).toBeNull();
    expect(readPush(null, 'https://site.example/', 'en')).toBeNull();
    const notJson = { json: () => JSON.parse('plain text') };
    expect(readPush(notJson, 'https://site.example/', 'en')).toBeNull();
  });
});
