import { describe, expect, test } from 'bun:test';
import {
  type ChannelKind,
  isClientEventChannel,
  isUserId,
  needsSignature,
  parseChannelName,
} from './channels.ts';

function parse(name: string) {
  const channel = parseChannelName(name, 200);
  if (channel === null) throw new Error(`${name} was refused`);
  return channel;
}

// Name, kind, cached, signature, client events.
const kinds: [string, ChannelKind, boolean, boolean, boolean][] = [
  ['news', 'public', false, false, false],
  ['private-a', 'private', false, true, true],
  ['private-encrypted-a', 'encrypted', false, true, false],
  ['presence-a', 'presence', false, true, true],
  ['cache-a', 'public', true, false, false],
  ['private-cache-a', 'private', true, true, true],
  ['private-encrypted-cache-a', 'encrypted', true, true, false],
  ['presence-cache-a', 'presence', true, true, true],
  ['#server-to-user-u1', 'user', false, false, false],
  // A prefix counts with its dash, at the start, and in this spelling only.
  ['private', 'public', false, false, false],
  ['cachex', 'public', false, false, false],
  ['privatefoo', 'public', false, false, false],
  ['presencex', 'public', false, false, false],
  ['Private-a', 'public', false, false, false],
  ['a-private-b', 'public', false, false, false],
  ['private-cachex', 'private', false, true, true],
  ['private-encryptedx', 'private', false, true, true],
  ['cache-private-a', 'public', true, false, false],
  ['__proto__', 'public', false, false, false],
];

describe('SUB-7: the prefix is the kind', () => {
  for (const [name, kind, cached, signature, clientEvents] of kinds) {
    test(name, () => {
      const channel = parse(name);
      expect(channel.name).toBe(name);
      expect(channel.kind).toBe(kind);
      expect(channel.cached).toBe(cached);
      expect(needsSignature(channel)).toBe(signature);
      expect(isClientEventChannel(channel)).toBe(clientEvents);
    });
  }
});

describe('SUB-6: names', () => {
  test('every allowed character, and the longest name', () => {
    parse('azAZ09_-=@,.;');
    expect(parseChannelName('x'.repeat(200), 200)).not.toBeNull();
    expect(parseChannelName('x'.repeat(164), 164)).not.toBeNull();
  });

  test.each([
    '',
    ' ',
    'a b',
    'a/b',
    'a:b',
    '#x',
    'a#',
    'a\n',
    '\na',
    'a\0',
    'é',
    '#server-to-user-',
    '#server-to-user',
  ])('%j is refused', (name) => {
    expect(parseChannelName(name, 200)).toBeNull();
  });

  test('one character too many is refused', () => {
    expect(parseChannelName('x'.repeat(201), 200)).toBeNull();
    expect(parseChannelName('x'.repeat(165), 164)).toBeNull();
  });
});

describe('the channel of a user', () => {
  test('holds the id as it is, whatever printable characters it has', () => {
    const channel = parse('#server-to-user-Zoë @ home; 1:2');
    expect(channel.userId).toBe('Zoë @ home; 1:2');
  });

  test('is bounded by the length of user ids, not by that of channel names', () => {
    expect(parseChannelName(`#server-to-user-${'x'.repeat(128)}`, 10)?.userId).toBe('x'.repeat(128));
    expect(parseChannelName(`#server-to-user-${'x'.repeat(129)}`, 200)).toBeNull();
    expect(parseChannelName(`#server-to-user-${'x'.repeat(129)}`, 200, 150)).not.toBeNull();
  });

  test.each(['', 'a\nb', 'a\0', '\x7f', '\x9f', '\ud800'])('user id %j is refused', (id) => {
    expect(isUserId(id, 128)).toBe(false);
    expect(parseChannelName(`#server-to-user-${id}`, 200)).toBeNull();
  });
});
