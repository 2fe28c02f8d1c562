import { expect, test } from 'bun:test';
import { channelEvent, clientEvent } from '@earshot/protocol';
import { App } from '../apps/app.ts';
import { defaultAppSettings } from '../config.ts';
import { entryFromJson, entryOf } from './entry.ts';
import type { TraceNote } from './trace.ts';

const app = new App('1', { ...defaultAppSettings(), contentHiddenPrefixes: ['private-room-'] }, new Map());
const shown = (note: TraceNote, roomBytes?: number) =>
  entryOf({ seq: 7, at: 1_000, app, note }, 'n1', roomBytes);
const named = { seq: 7, node: 'n1', at: 1_000 };

test('what does not apply is left out', () => {
  expect(shown({ kind: 'connected', socketId: '1.2', userId: null, transport: 'websocket' })).toEqual({
    ...named,
    kind: 'connected',
    socketId: '1.2',
    transport: 'websocket',
  });
});

test('a frame that was sent is shown as event and data', () => {
  const note = (frame: string): TraceNote => ({ kind: 'sent', channel: 'news', frame, recipients: 3 });
  const sent = { ...named, kind: 'sent', channel: 'news', recipients: 3 } as const;
  expect(shown(note(channelEvent('news', 'e', '{"x":"é"}')))).toEqual({
    ...sent,
    event: 'e',
    data: '{"x":"é"}',
    dataBytes: 10,
  });
  expect(shown(note(clientEvent('presence-a', 'client-typing', '{"a": [1]}', 'u')))).toEqual({
    ...sent,
    event: 'client-typing',
    data: '{"a":[1]}',
    dataBytes: 9,
    userId: 'u',
  });
  expect(shown(note(clientEvent('private-a', 'client-x', null, null)))).toEqual({
    ...sent,
    event: 'client-x',
  });
  for (const hostile of ['', '{', 'null', '7', '{"event":{},"user_id":1}'])
    expect(shown(note(hostile))).toEqual(sent);
});

test('content of hidden channels is left out, of whatever kind the entry is', () => {
  const hidden = { ...named, channel: 'private-room-1', dataBytes: 6, dataIs: 'hidden' } as const;
  expect(shown({ kind: 'published', channel: 'private-room-1', event: 'e', data: 'secret' })).toEqual({
    ...hidden,
    kind: 'published',
    event: 'e',
  });
  expect(
    shown({ kind: 'sent', channel: 'private-room-1', frame: channelEvent('private-room-1', 'e', 'secret') }),
  ).toEqual({
    ...hidden,
    kind: 'sent',
    event: 'e',
  });
  expect(shown({ kind: 'client_event', channel: 'private-room-1', data: 'secret' })).toEqual({
    ...hidden,
    kind: 'client_event',
  });
});

test('data is cut at 4 KiB, or at what there is room for, between characters', () => {
  const of = (data: string, room?: number) => shown({ kind: 'published', channel: 'news', data }, room);
  expect(of('x'.repeat(4_096))).toMatchObject({ data: 'x'.repeat(4_096), dataBytes: 4_096 });
  expect(of('x'.repeat(4_096)).dataIs).toBeUndefined();
  expect(of('x'.repeat(4_097))).toMatchObject({ data: 'x'.repeat(4_096), dataBytes: 4_097, dataIs: 'cut' });
  expect(of(`${'x'.repeat(4_095)}é`)).toMatchObject({
    data: 'x'.repeat(4_095),
    dataBytes: 4_097,
    dataIs: 'cut',
  });
  expect(of('😀😀', 7)).toMatchObject({ data: '😀', dataBytes: 8, dataIs: 'cut' });
});

test('text that a stranger made too long is cut', () => {
  const { channel, reason } = shown({
    kind: 'subscription_refused',
    channel: 'c'.repeat(100_000),
    reason: 'r'.repeat(1_000),
  });
  expect(channel).toBe(`${'c'.repeat(1_000)}…`);
  expect(reason).toBe('r'.repeat(1_000));
});

test('an entry of another node is taken under that node’s name', () => {
  const entry = {
    ...named,
    kind: 'published',
    channel: 'news',
    event: 'e',
    data: 'x',
    dataBytes: 1,
  } as const;
  expect(entryFromJson({ ...entry, node: 'forged' }, 'n1')).toEqual(entry);
  expect(entryFromJson({ ...entry, dataIs: 'hidden' }, 'n1')).toEqual({
    ...named,
    kind: 'published',
    channel: 'news',
    event: 'e',
    dataBytes: 1,
    dataIs: 'hidden',
  });
});

test.each([
  [null],
  ['entry'],
  [[]],
  [{}],
  [{ seq: 1, at: 2, kind: 'from_the_future' }],
  [{ seq: '1', at: 2, kind: 'sent' }],
  [{ seq: 1, at: Number.NaN, kind: 'sent' }],
  [{ seq: 1, at: 2, kind: 'connected', transport: 'carrier_pigeon' }],
])('%p is no entry', (value) => {
  expect(entryFromJson(value, 'n')).toBeNull();
});

test('fields of an entry that are not what they should be are left out, and long ones cut', () => {
  const given = {
    seq: 1,
    at: 2,
    kind: 'sent',
    event: 5,
    code: '7',
    data: 'x'.repeat(9_999),
    __proto__: 'x',
    extra: 1,
  };
  expect(entryFromJson(given, 'n')).toEqual({
    seq: 1,
    node: 'n',
    at: 2,
    kind: 'sent',
    data: 'x'.repeat(4_096),
    dataIs: 'cut',
  });
});
