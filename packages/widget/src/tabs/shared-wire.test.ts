import { describe, expect, test } from 'bun:test';
import { ManualClock } from '@earshot/base';
import { TestBrowser, type TestTab } from '../client/env.testing.ts';
import type { Socket, SocketListener } from '../client/socket.ts';
import { settled } from '../store/store.testing.ts';
import { createWire } from './shared-wire.ts';
import type { Wire } from './wire.ts';

const info = { name: 'Bob', kind: 'guest', verified: false, avatar: null, role: 'member' } as const;

/** A connection that a test plays the server of. */
class FakeSocket implements Socket {
  readonly channels = new Set<string>();
  readonly sent: string[] = [];
  tries = 0;
  stopped = false;

  constructor(readonly to: SocketListener) {}

  subscribe(channel: string): void {
    this.channels.add(channel);
    this.to.subscribed(channel, channel.startsWith('presence-') ? new Map([['bob', info]]) : null);
  }

  unsubscribe(channel: string): void {
    this.channels.delete(channel);
  }

  trigger(channel: string, event: string): void {
    this.sent.push(`${channel} ${event}`);
  }

  tryNow(): void {
    this.tries++;
  }

  stop(): void {
    this.stopped = true;
  }
}

class Tab {
  readonly sockets: FakeSocket[] = [];
  readonly heard: string[] = [];
  readonly states: string[] = [];
  readonly wire: Wire;

  constructor(readonly tab: TestTab) {
    const open = (to: SocketListener) => {
      const socket = new FakeSocket(to);
      this.sockets.push(socket);
      to.connection('online', null);
      return socket;
    };
    this.wire = createWire(tab.env, 'place', open, {
      connection: (state) => this.states.push(state),
      ended: () => this.heard.push('ended'),
    });
  }

  hold(channel: string): () => void {
    return this.wire.hold(channel, {
      subscribed: (members) =>
        this.heard.push(`sub ${channel}${members === null ? '' : ` ${[...members.keys()]}`}`),
      event: (name, _data, sender) => this.heard.push(`${name} ${channel} ${sender}`),
      joined: (id) => this.heard.push(`in ${id}`),
      left: (id) => this.heard.push(`out ${id}`),
      refused: ({ code }) => this.heard.push(`no ${code}`),
    });
  }

  get socket(): FakeSocket {
    return this.sockets[this.sockets.length - 1] as FakeSocket;
  }
}

function three() {
  const clock = new ManualClock();
  const browser = new TestBrowser({ time: clock, fetch: () => Promise.reject(new Error('none')) });
  const tabs = [1, 2, 3].map(() => new Tab(browser.open())) as [Tab, Tab, Tab];
  return { clock, browser, tabs };
}

describe('tabs', () => {
  test('have one connection, at the first of them, which hears what any of them wants', async () => {
    const { tabs } = three();
    const [one, two, three_] = tabs;
    await settled();
    const letGo = two.hold('private-a');
    three_.hold('private-a');
    await settled();
    expect(tabs.map(({ sockets }) => sockets.length)).toEqual([1, 0, 0]);
    expect([...one.socket.channels]).toEqual(['private-a']);
    expect(two.heard).toEqual(['sub private-a']);
    expect(tabs.map(({ states }) => states[states.length - 1])).toEqual(['online', 'online', 'online']);
    letGo();
    await settled();
    expect([...one.socket.channels]).toEqual(['private-a']);
    three_.wire.stop();
    await settled();
    expect([...one.socket.channels]).toEqual([]);
  });

  test('hear the same; one that comes later is told who is there', async () => {
    const { tabs } = three();
    const [one, two, late] = tabs;
    one.hold('presence-a');
    two.hold('presence-a');
    await settled();
    one.socket.to.joined('presence-a', 'cid', info);
    one.socket.to.event('presence-a', 'client-typing', {}, 'cid');
    one.socket.to.left('presence-a', 'bob');
    await settled();
    late.hold('presence-a');
    await settled();
    expect(one.heard).toEqual(['sub presence-a bob', 'in cid', 'client-typing presence-a cid', 'out bob']);
    // Being told twice that it is subscribed only makes it look twice.
    expect([...new Set(two.heard)]).toEqual(one.heard);
    expect(late.heard).toEqual(['sub presence-a cid']);
  });

  test('send by way of the one with the connection', async () => {
    const { tabs } = three();
    const [one, two] = tabs;
    two.hold('presence-a');
    await settled();
    two.wire.trigger('presence-a', 'client-typing', { typing: true });
    two.wire.tryNow();
    await settled();
    expect(one.socket.sent).toEqual(['presence-a client-typing']);
    expect(one.socket.tries).toBe(1);
  });

  test('when the first one dies without a word, the next subscribes to what is wanted still, and no clock has to run', async () => {
    const { browser, tabs } = three();
    const [one, two, three_] = tabs;
    one.hold('private-a');
    two.hold('private-b');
    three_.hold('private-c');
    await settled();
    one.tab.die(browser);
    await settled();
    expect(tabs.map(({ wire }) => wire.leads())).toEqual([true, true, false]);
    expect([...two.socket.channels].sort()).toEqual(['private-b', 'private-c']);
    expect(three_.heard).toEqual(['sub private-c', 'sub private-c']);
  });

  test('what a tab wanted that died without a word is let go', async () => {
    const { browser, tabs } = three();
    const [one, two] = tabs;
    two.hold('private-b');
    await settled();
    expect([...one.socket.channels]).toEqual(['private-b']);
    two.tab.die(browser);
    await settled();
    expect([...one.socket.channels]).toEqual([]);
  });

  test('a frozen one that does not answer loses the connection to the one in front within a second', async () => {
    const { clock, tabs } = three();
    const [one, two, three_] = tabs;
    two.hold('private-b');
    await settled();
    one.tab.frozen = true;
    three_.tab.visible = false;
    two.tab.happens('seen');
    three_.tab.happens('seen');
    await settled();
    clock.advance(1_000);
    await settled();
    expect([two.wire.leads(), three_.wire.leads()]).toEqual([true, false]);
    expect(one.socket.stopped).toBe(true);
    expect(two.heard).toEqual(['sub private-b', 'sub private-b']);
    // It wakes up, and is one of the others.
    one.tab.frozen = false;
    one.hold('private-a');
    await settled();
    expect(one.wire.leads()).toBe(false);
    expect(one.heard).toEqual(['sub private-a']);
  });

  test('a page that is put away leaves, and comes back as one of the others', async () => {
    const { tabs } = three();
    const [one, two] = tabs;
    one.hold('private-a');
    await settled();
    one.tab.happens('gone');
    await settled();
    expect(two.wire.leads()).toBe(true);
    expect(one.socket.stopped).toBe(true);
    one.tab.happens('back');
    await settled();
    expect(one.wire.leads()).toBe(false);
    expect(one.heard).toEqual(['sub private-a', 'sub private-a']);
  });

  test('a browser without locks has a connection in each', async () => {
    const browser = new TestBrowser({
      time: new ManualClock(),
      fetch: () => Promise.reject(new Error('none')),
    });
    const tabs = [1, 2].map(() => new Tab(browser.open({ shares: false })));
    for (const tab of tabs) tab.hold('private-a');
    await settled();
    expect(tabs.map(({ wire, heard }) => [wire.leads(), heard])).toEqual([
      [true, ['sub private-a']],
      [true, ['sub private-a']],
    ]);
  });
});
