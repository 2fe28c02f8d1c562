import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { personIn } from './command-runs.ts';
import { parseTyped } from './commands.ts';
import { complete, createCompletion } from './completion.ts';
import { merged, newConversation, totalUnread, withArrived, withCursor } from './conversations.ts';
import { isShown, parseLayout, withClosed, withLowered, withOpened } from './layout.ts';
import { onlineFrom, withJoined, withLeft } from './online.ts';
import { unansweredShownMs, withContact, withExpired, withInvitation, withStatus } from './people.ts';
import type { ConversationState } from './state.ts';
import { ann, bob, conversation, idOf, message, person, room } from './store.testing.ts';

const reader = { me: ann.id, blocked: new Set<string>() };

describe('a conversation', () => {
  const known = conversation({ lastSeq: 5, lastChange: 8, lastMessage: message(5) });

  test('counts a message of others once, in whatever order and however often it comes', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray([6, 7, 8, 9, 10], { minLength: 5 }),
        fc.array(fc.integer({ min: 0, max: 4 })),
        (order, again) => {
          const inOrder = [...order].sort((a, b) => a - b);
          const arrivals = [...inOrder, ...again.map((index) => inOrder[index] ?? 6)];
          const state = arrivals.reduce(
            (one, seq) => withArrived(one, message(seq, { change: seq + 10 }), reader),
            known,
          );
          expect(state).toMatchObject({ lastSeq: 10, lastChange: 20, me: { unread: 5 } });
          expect(state.lastMessage?.seq).toBe(10);
        },
      ),
    );
  });

  test('does not count mine, those I have read, those of the blocked and those of the server', () => {
    const read = { ...known, me: { ...known.me, cursor: 6 } };
    const none = { ...reader, blocked: new Set([bob.id]) };
    expect(withArrived(known, message(6, { author: ann }), reader).me.unread).toBe(0);
    expect(withArrived(read, message(6), reader).me.unread).toBe(0);
    expect(withArrived(known, message(6), none)).toMatchObject({
      me: { unread: 0 },
      lastMessage: { seq: 6, text: '' },
    });
    expect(withArrived(known, message(6, { kind: 'system' }), reader).me.unread).toBe(0);
    expect(withArrived(known, message(6, { mentions: [ann.id] }), reader).me).toMatchObject({
      unread: 1,
      mentions: 1,
    });
  });

  test('never goes back, whichever of two answers comes last', () => {
    const ahead = withCursor(withArrived(known, message(6, { change: 9 }), reader), 6, null);
    for (const both of [merged(ahead, known), merged(known, ahead)]) {
      expect(both).toMatchObject({ lastSeq: 6, lastChange: 9, me: { cursor: 6, unread: 0 } });
      expect(both.lastMessage?.seq).toBe(6);
    }
  });

  test('a cursor goes forward only', () => {
    const read = withCursor(known, 5, { unread: 2, mentions: 1 });
    expect(withCursor(read, 4, { unread: 9, mentions: 9 })).toBe(read);
  });

  test('all that notify make the count: messages, or mentions where only these do', () => {
    const one = (notify: 'all' | 'mentions' | 'none'): ConversationState =>
      newConversation(conversation({ me: { ...known.me, unread: 3, mentions: 1, notify } }));
    const all = new Map([
      ['a', one('all')],
      ['b', one('mentions')],
      ['c', one('none')],
      ['d', { ...one('all'), removed: { why: 'kicked' as const, until: null } }],
    ]);
    expect(totalUnread(all)).toBe(4);
  });
});

describe('people', () => {
  const none = { contacts: [], blocked: [], invitations: [], imports: [] };
  const contact = {
    person: bob,
    online: true,
    statusVersion: 5,
    source: 'invitation',
    conversation: null,
  } as const;

  test('the newer status stays, whichever comes last', () => {
    const people = withContact(none, contact);
    expect(withStatus(people, { person: bob, online: false, statusVersion: 4 })).toBe(people);
    expect(withStatus(people, { person: bob, online: false, statusVersion: 6 }).contacts[0]?.online).toBe(
      false,
    );
    expect(withContact(people, { ...contact, online: false, statusVersion: 4 }).contacts[0]?.online).toBe(
      true,
    );
    expect(withStatus(none, { person: bob, online: true, statusVersion: 1 })).toBe(none);
  });

  test('invitations are there as long as they are asked, and for a moment when nobody answered', () => {
    const invitation = {
      id: 'i',
      from: bob,
      to: ann,
      state: 'asked',
      at: 1,
      expiresAt: 60,
      conversation: null,
    } as const;
    const asked = withInvitation(none, invitation);
    expect(withInvitation(asked, invitation).invitations).toHaveLength(1);
    expect(withInvitation(asked, { ...invitation, state: 'declined' }).invitations).toEqual([]);
    expect(withExpired(asked, 59)).toBe(asked);
    const unanswered = withExpired(asked, 60);
    expect(unanswered.invitations.map(({ state }) => state)).toEqual(['expired']);
    expect(withInvitation(unanswered, { ...invitation, state: 'expired' })).toBe(unanswered);
    expect(withExpired(unanswered, 60 + unansweredShownMs).invitations).toEqual([]);
    // The server's word may come before our own clock's.
    const told = withInvitation(asked, { ...invitation, state: 'expired' });
    expect(told).toEqual(unanswered);
    expect(withInvitation(none, { ...invitation, state: 'expired' }).invitations).toEqual([]);
  });
});

describe('who is online', () => {
  const info = (name: string, role: 'owner' | 'moderator' | 'member' = 'member') =>
    ({ name, kind: 'user', verified: false, avatar: null, role }) as const;

  test('is sorted by role, then by name, whatever its case', () => {
    const online = onlineFrom(
      new Map([
        ['1', info('bob')],
        ['2', info('Ann')],
        ['3', info('Zoe', 'owner')],
      ]),
    );
    expect(online.members.map(({ name }) => name)).toEqual(['Zoe', 'Ann', 'bob']);
    const joined = withJoined(online, { ...person('c', { name: 'amy' }), role: 'member' });
    expect(joined.members.map(({ name }) => name)).toEqual(['Zoe', 'amy', 'Ann', 'bob']);
    expect(withLeft(joined, '3')).toMatchObject({ count: 3 });
  });
});

describe('the layout', () => {
  const closed = { open: false, view: 'home', panels: [], focused: null } as const;

  test('opens, raises, lowers and closes a conversation once', () => {
    const opened = withOpened(withOpened(closed, room), idOf('b'));
    expect(withOpened(opened, room).panels.map(({ conversation: id }) => id)).toEqual([room, idOf('b')]);
    const lowered = withLowered(opened, idOf('b'), true);
    expect([isShown(lowered, idOf('b')), isShown(lowered, room), lowered.focused]).toEqual([
      false,
      true,
      null,
    ]);
    expect(withOpened(lowered, idOf('b')).panels[0]).toEqual({ conversation: idOf('b'), lowered: false });
    const left = withClosed(opened, idOf('b'));
    expect(left).toMatchObject({ view: 'home', panels: [{ conversation: room }], focused: null });
  });

  test('whatever storage holds, what comes out is a layout or nothing', () => {
    const kept = withLowered(withOpened(closed, room), room, true);
    expect(parseLayout(JSON.parse(JSON.stringify(kept)))).toEqual({ ...kept, focused: null });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.anything(),
          fc.record({ open: fc.anything(), view: fc.anything(), panels: fc.anything() }),
        ),
        (anything) => {
          const layout = parseLayout(anything);
          if (layout === null) return;
          expect(typeof layout.open).toBe('boolean');
          for (const { conversation: id } of layout.panels) expect(id).toHaveLength(22);
        },
      ),
    );
  });
});

describe('what is typed', () => {
  test('begins with a slash and is a command, an action, an unknown one, or text after all', () => {
    expect(parseTyped('/me waves')).toEqual({ type: 'action', text: 'waves' });
    expect(parseTyped(' /KICK  Ann Lee ')).toEqual({ type: 'command', name: 'kick', rest: 'Ann Lee' });
    expect(parseTyped('/help')).toEqual({ type: 'command', name: 'help', rest: '' });
    expect(parseTyped('/constructor x')).toEqual({ type: 'unknown', command: '/constructor' });
    expect(parseTyped('//me')).toEqual({ type: 'text', text: '/me' });
    expect(parseTyped('/ 1')).toEqual({ type: 'text', text: '/ 1' });
    expect(parseTyped('/home/user')).toEqual({ type: 'text', text: '/home/user' });
  });

  test('names people with blanks in their names, an @ before and minutes behind', () => {
    const people = [{ name: 'Ann' }, { name: 'Ann Lee' }, { name: 'Agent 7' }];
    expect(personIn('@ann lee 10', people)).toEqual({ person: { name: 'Ann Lee' }, minutes: 10 });
    expect(personIn('agent 7', people)).toEqual({ person: { name: 'Agent 7' }, minutes: null });
    expect(personIn('Nobody', people)).toBeNull();
  });

  test('is completed to a name, and again to the next one', () => {
    const names = ['Ann', 'Anna', 'Bob'];
    const first = complete('hi an there', 5, names, null);
    expect(first).toMatchObject({ text: 'hi @Ann there', cursor: 7 });
    const second = complete('hi @Ann there', 7, names, first);
    expect(second).toMatchObject({ text: 'hi @Anna there', cursor: 8 });
    expect(complete('hi @Anna there', 8, names, second)).toMatchObject({ text: 'hi @Ann there' });
    expect(complete('xyz', 3, names, null)).toBeNull();
    expect(complete('', 0, names, null)).toBeNull();
    const completion = createCompletion();
    completion('b', 1, names);
    expect(completion('@Bob ', 5, names)).toMatchObject({ text: '@Bob ', cursor: 5 });
  });
});
