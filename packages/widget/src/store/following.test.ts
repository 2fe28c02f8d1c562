import { describe, expect, test } from 'bun:test';
import { ManualClock } from '@earshot/base';
import { limits, type Message, messagesOf } from '@earshot/chat/contract';
import fc from 'fast-check';
import { failed } from '../client/answer.ts';
import type { ChannelListener, Wire } from '../tabs/wire.ts';
import { createFollowing } from './following.ts';
import type { Problem, Timeline } from './state.ts';
import { conversation, message, room, settled, testKernel } from './store.testing.ts';

/** A room as the server has it. */
class Room {
  readonly messages: Message[] = [];
  change = 0;

  say(): Message {
    const said = message(this.messages.length + 1, { change: ++this.change });
    this.messages.push(said);
    return said;
  }

  edit(seq: number): Message {
    const edited = {
      ...(this.messages[seq - 1] as Message),
      change: ++this.change,
      text: `edited ${this.change}`,
    };
    this.messages[seq - 1] = edited;
    return edited;
  }

  page({
    before,
    after,
    around,
    limit = 50,
  }: {
    before?: number;
    after?: number;
    around?: number;
    limit?: number;
  }) {
    const { length } = this.messages;
    let from = length - limit;
    if (before !== undefined) from = before - 1 - limit;
    if (after !== undefined) from = after;
    if (around !== undefined) from = around - 1 - Math.floor(limit / 2);
    const to = before !== undefined ? before - 1 : from + limit;
    const messages = this.messages.slice(Math.max(0, from), Math.max(0, to));
    const last = messages[messages.length - 1]?.seq ?? 0;
    return { messages, olderExists: (messages[0]?.seq ?? 1) > 1, newerExists: last < length };
  }

  changes(since: number) {
    const changed = this.messages.filter(({ change }) => change > since).sort((a, b) => a.change - b.change);
    if (this.change - since > limits.changesMax) {
      return { messages: [], lastChange: this.change, more: false, tooMuch: true };
    }
    const more = changed.length > limits.changesPage;
    const messages = changed.slice(0, limits.changesPage);
    return {
      messages,
      lastChange: more ? messages[messages.length - 1]?.change : this.change,
      more,
      tooMuch: false,
    };
  }
}

function follow(model: Room) {
  const clock = new ManualClock();
  const asked: string[] = [];
  let trouble: Problem | null = null;
  const { kernel } = testKernel((route, rest) => {
    asked.push(route);
    if (trouble !== null) return failed(trouble);
    const query = rest[0] as { since: number };
    return route.endsWith('/changes') ? model.changes(query.since) : model.page(query as never);
  }, clock);
  let channel: ChannelListener | null = null;
  const wire: Wire = {
    hold(name, listener) {
      if (name === messagesOf(room)) channel = listener;
      return () => {};
    },
    trigger() {},
    tryNow() {},
    leads: () => true,
    stop() {},
  };
  const following = createFollowing(kernel, wire, {
    confirmed() {},
    suspect() {},
    roomHeard() {},
    roomRefused() {},
    personChanged() {},
  });
  kernel.put(conversation({ lastSeq: model.messages.length, lastChange: model.change }));
  following.settle();
  return {
    clock,
    kernel,
    following,
    asked,
    channel: () => channel as unknown as ChannelListener,
    list: () => kernel.conversation(room)?.timeline as Timeline,
    fails(next: Problem | null) {
      trouble = next;
    },
    /** Until nothing waits any more. */
    async rest() {
      for (let turn = 0; turn < 8; turn++) {
        await settled();
        clock.advance(40_000);
      }
      await settled();
    },
  };
}

const shown = ({ items }: Timeline) =>
  items.flatMap((item) => (item.type === 'message' ? [item.message] : []));

function filled(count: number): Room {
  const model = new Room();
  for (let seq = 0; seq < count; seq++) model.say();
  return model;
}

describe('a list', () => {
  test('shows the newest page, then older ones until the end', async () => {
    const it = follow(filled(120));
    it.following.load(room);
    await settled();
    expect(shown(it.list()).map(({ seq }) => seq)[0]).toBe(71);
    expect(it.list().older).toBe('more');
    it.following.loadOlder(room);
    expect(it.list().older).toBe('loading');
    await settled();
    it.following.loadOlder(room);
    await settled();
    expect(shown(it.list())).toHaveLength(120);
    expect(it.list().older).toBe('end');
  });

  test('says that older messages could not be had, and tries again by itself', async () => {
    const it = follow(filled(120));
    it.following.load(room);
    await settled();
    it.fails({ code: 'network' });
    it.following.loadOlder(room);
    await settled();
    expect(it.list().older).toBe('failed');
    expect(it.list().olderRetryAt).toBeGreaterThan(it.clock.now());
    it.fails(null);
    it.clock.advance(5_000);
    await settled();
    expect(shown(it.list())).toHaveLength(100);
  });

  test('after a connection was lost it fetches what was missed, page after page', async () => {
    const model = filled(10);
    const it = follow(model);
    it.following.load(room);
    await settled();
    for (let count = 0; count < 450; count++) model.say();
    model.edit(3);
    it.channel().subscribed(null);
    expect(it.list().catchUp).toBe('running');
    await settled();
    expect(shown(it.list())).toEqual(model.messages);
    expect(it.list().catchUp).toBe('none');
  });

  test('says plainly when more was missed than is fetched, and jumps to the newest', async () => {
    const model = filled(10);
    const it = follow(model);
    it.following.load(room);
    await settled();
    for (let count = 0; count < 1_001; count++) model.say();
    it.channel().subscribed(null);
    await settled();
    expect(it.list()).toMatchObject({ catchUp: 'too-much', newer: 'behind' });
    expect(shown(it.list())).toHaveLength(10);
    it.following.jumpToNewest(room);
    await settled();
    expect(it.list()).toMatchObject({ catchUp: 'none', newer: 'newest' });
    expect(shown(it.list())).toEqual(model.messages.slice(-50));
    it.channel().event('new_message', { message: model.say() }, null);
    expect(shown(it.list())).toEqual(model.messages.slice(-51));
  });

  test('a hole that closes within a moment is not asked for', async () => {
    const model = filled(3);
    const it = follow(model);
    it.following.load(room);
    await settled();
    it.asked.length = 0;
    const [one, two] = [model.say(), model.say()];
    it.channel().event('new_message', { message: two }, null);
    expect(shown(it.list())).toHaveLength(3);
    it.channel().event('new_message', { message: one }, null);
    expect(shown(it.list())).toEqual(model.messages);
    await it.rest();
    expect(it.asked).toEqual([]);
  });

  test('around an old message it is behind, and newer ones can be loaded until the newest', async () => {
    const model = filled(200);
    const it = follow(model);
    it.following.load(room);
    await settled();
    it.following.jumpTo(room, 20);
    await settled();
    expect(it.list().newer).toBe('behind');
    expect(shown(it.list()).some(({ seq }) => seq === 20)).toBe(true);
    it.channel().event('new_message', { message: model.say() }, null);
    for (let page = 0; page < 5; page++) {
      it.following.loadNewer(room);
      await settled();
    }
    expect(it.list().newer).toBe('newest');
    expect(shown(it.list())).toEqual(model.messages);
  });

  test('the line of new messages stands where reading begins', async () => {
    const model = filled(10);
    const it = follow(model);
    it.kernel.change(room, (state) => ({
      ...state,
      conversation: { ...state.conversation, me: { ...state.conversation.me, cursor: 7, unread: 3 } },
    }));
    it.following.load(room);
    await settled();
    expect(it.list().newFrom).toBe(8);
  });

  test('whatever is lost, doubled or late on the way: in the end the list is what the server has', async () => {
    const event = fc.record({
      what: fc.constantFrom('say' as const, 'say' as const, 'edit' as const),
      seq: fc.integer({ min: 1, max: 40 }),
      fate: fc.constantFrom(
        'comes' as const,
        'comes' as const,
        'lost' as const,
        'twice' as const,
        'late' as const,
        'hint' as const,
      ),
      next: fc.constantFrom(
        'nothing' as const,
        'nothing' as const,
        'wait' as const,
        'reconnect' as const,
        'fail' as const,
        'mend' as const,
      ),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 60 }),
        fc.array(event, { maxLength: 40 }),
        async (before, events) => {
          const model = filled(before);
          const it = follow(model);
          it.following.load(room);
          const late: Message[] = [];
          const comes = (one: Message, name = 'new_message') =>
            it.channel().event(name, { message: one }, null);
          for (const { what, seq, fate, next } of events) {
            const one = what === 'say' || seq > model.messages.length ? model.say() : model.edit(seq);
            if (fate === 'comes') comes(one);
            else if (fate === 'twice') {
              comes(one);
              comes(one);
            } else if (fate === 'late') late.push(one);
            else if (fate === 'hint')
              it.channel().event('changed', { conversation: room, change: one.change }, null);
            if (next === 'wait') await it.rest();
            else if (next === 'reconnect') it.channel().subscribed(null);
            else if (next === 'fail') it.fails({ code: 'network' });
            else if (next === 'mend') it.fails(null);
            if (late.length > 2) for (const old of late.splice(0)) comes(old);
          }
          it.fails(null);
          it.channel().subscribed(null);
          await it.rest();
          const list = shown(it.list());
          expect(list).toEqual(model.messages.slice(model.messages.length - list.length));
          expect(list.length).toBeGreaterThanOrEqual(Math.min(model.messages.length, 1));
          expect(it.kernel.conversation(room)?.conversation).toMatchObject({
            lastSeq: model.messages.length,
            lastChange: model.change,
          });
          expect(it.list()).toMatchObject({ newer: 'newest', catchUp: 'none' });
          it.following.stop();
        },
      ),
      { numRuns: 150 },
    );
  });
});
