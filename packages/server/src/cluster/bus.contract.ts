import { expect, test } from 'bun:test';
import type { Bus } from './bus.ts';
import type { Envelope, EventEnvelope } from './envelope.ts';

/** One node's end of a bus, with what it received. */
export interface BusUnderTest {
  readonly bus: Bus;
  readonly received: [topic: string, envelope: Envelope][];
  /** Resolves when everything relayed so far has arrived where it should. */
  settled(): Promise<void>;
}

/** Every fulfilment of `Bus` runs this; `connect` adds a node to one and the same network. */
export function busContract(
  name: string,
  newNetwork: () => Promise<{ connect(): Promise<BusUnderTest> }>,
): void {
  const event = (frame: string): EventEnvelope => ({ kind: 'event', frame, except: null, cacheMs: 0 });

  test(`${name}: what one node relays reaches the others that listen, and not itself`, async () => {
    const network = await newNetwork();
    const [a, b, c] = [await network.connect(), await network.connect(), await network.connect()];
    for (const node of [a, b]) await node.bus.listen('1/news');
    a.bus.relay('1/news', event('x'));
    await b.settled();
    expect(b.received).toEqual([['1/news', event('x')]]);
    expect(a.received).toEqual([]);
    expect(c.received).toEqual([]);
  });

  test(`${name}: a node that does not listen itself can relay`, async () => {
    const network = await newNetwork();
    const [a, b] = [await network.connect(), await network.connect()];
    await b.bus.listen('1/news');
    a.bus.relay('1/news', event('x'));
    await b.settled();
    expect(b.received.length).toBe(1);
  });

  test(`${name}: the order of one node's relays is kept`, async () => {
    const network = await newNetwork();
    const [a, b] = [await network.connect(), await network.connect()];
    await b.bus.listen('1/news');
    const frames = Array.from({ length: 500 }, (_, i) => event(`${i}`));
    for (const frame of frames) a.bus.relay('1/news', frame);
    await b.settled();
    expect(b.received.map(([, envelope]) => envelope)).toEqual(frames);
  });

  test(`${name}: what is published is delivered here once and reaches the others, in order with what is relayed`, async () => {
    const network = await newNetwork();
    const [a, b] = [await network.connect(), await network.connect()];
    for (const node of [a, b]) await node.bus.listen('1/news');
    const delivered: string[] = [];
    const published: (Promise<void> | null)[] = [];
    const frames = Array.from({ length: 200 }, (_, i) => event(`${i}`));
    for (const [i, frame] of frames.entries()) {
      if (i % 3 === 0) a.bus.relay('1/news', frame);
      else published.push(a.bus.publish('1/news', frame, () => delivered.push(frame.frame)));
    }
    await Promise.all(published);
    const own = frames.filter((_, i) => i % 3 !== 0).map(({ frame }) => frame);
    expect(delivered).toEqual(own);
    await b.settled();
    expect(b.received.map(([, envelope]) => envelope)).toEqual(frames);
    expect(a.received).toEqual([]);
    expect(delivered).toEqual(own);
  });

  test(`${name}: nothing arrives after leaving`, async () => {
    const network = await newNetwork();
    const [a, b] = [await network.connect(), await network.connect()];
    await b.bus.listen('1/news');
    await b.bus.listen('1/other');
    b.bus.leave('1/news');
    await b.settled();
    a.bus.relay('1/news', event('x'));
    a.bus.relay('1/other', event('y'));
    await b.settled();
    expect(b.received).toEqual([['1/other', event('y')]]);
  });

  test(`${name}: a closed node neither gets nor disturbs`, async () => {
    const network = await newNetwork();
    const [a, b, c] = [await network.connect(), await network.connect(), await network.connect()];
    for (const node of [b, c]) await node.bus.listen('1/news');
    await b.bus.close();
    a.bus.relay('1/news', event('x'));
    await c.settled();
    expect(b.received).toEqual([]);
    expect(c.received.length).toBe(1);
  });

  test(`${name}: each kind of envelope arrives as it was sent`, async () => {
    const network = await newNetwork();
    const [a, b] = [await network.connect(), await network.connect()];
    await b.bus.listen('*');
    const envelopes: Envelope[] = [
      { kind: 'event', frame: '{"event":"é\u2028"}', except: '1.2', cacheMs: 5 },
      { kind: 'terminate', appId: '1', userId: 'a b' },
      { kind: 'apps-changed' },
      { kind: 'alive', node: 'n', isNew: true },
      { kind: 'gone', node: 'n' },
      { kind: 'ask', node: 'n', id: 1, about: 'a', data: { x: [1, null] } },
      { kind: 'answer', node: 'n', id: 1, has: true, data: 'é' },
      { kind: 'told', node: 'n', about: 'a', data: null },
    ];
    for (const envelope of envelopes) a.bus.relay('*', envelope);
    await b.settled();
    expect(b.received.map(([, envelope]) => envelope)).toEqual(envelopes);
  });
}
