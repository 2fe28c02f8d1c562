import { expect, test } from 'bun:test';
import { ManualClock } from '../../../base/src/clock-manual.ts';
import { TestBrowser } from '../client/env.testing.ts';
import { createDirectLive, type DirectEvent, type DirectLive } from './direct.ts';

/** Two in a conversation, whose events arrive at once unless the wire is cut. */
function pair() {
  const clock = new ManualClock();
  const time = { now: () => clock.now(), after: (ms: number, task: () => void) => clock.after(ms, task) };
  const browser = new TestBrowser({ time, fetch: () => Promise.reject(new Error('no network')) });
  const sent: DirectEvent[] = [];
  const wire = { cut: false };
  const to =
    (other: () => DirectLive) =>
    (...event: DirectEvent) => {
      sent.push(event);
      if (!wire.cut) other().received(event[0], JSON.parse(JSON.stringify(event[1])));
    };
  const ann: DirectLive = createDirectLive(
    browser.open().env,
    to(() => bob),
  );
  const bob: DirectLive = createDirectLive(
    browser.open().env,
    to(() => ann),
  );
  return { clock, ann, bob, sent, wire };
}

const textOf = (live: DirectLive) =>
  live
    .state()
    .text.map(({ text }) => text)
    .join('');

function agreed() {
  const two = pair();
  two.ann.start();
  two.bob.start();
  return two;
}

test('nothing is said before both have agreed', () => {
  const { ann, bob, clock, sent } = pair();
  ann.type('secret', false);
  ann.start();
  expect([ann.state().phase, bob.state().phase]).toEqual(['asking', 'asked']);
  ann.type('secret draft', false);
  clock.advance(30_000);
  expect(sent.map(([name]) => name)).toEqual(['client-live-ask']);
  bob.start();
  expect([ann.state().phase, bob.state().phase]).toEqual(['on', 'on']);
  clock.advance(200);
  expect(textOf(bob)).toBe('secret draft');
});

test('both see what the other one types, corrects and sends', () => {
  const { ann, bob, clock } = agreed();
  for (const text of ['h', 'he', 'hel', 'helo', 'hel', 'hell', 'hello']) {
    ann.type(text, false);
    clock.advance(50);
  }
  bob.type('かん', true);
  clock.advance(1_500);
  expect([textOf(bob), textOf(ann)]).toEqual(['hello', 'かん']);
  expect(bob.state().phrase).toMatchObject({ text: 'hello' });
  ann.type('', false);
  clock.advance(200);
  expect(textOf(bob)).toBe('');
});

test('either ends it with one act, and from then on nothing is sent', () => {
  const { ann, bob, clock, sent } = agreed();
  ann.type('one', false);
  clock.advance(200);
  bob.end();
  expect([ann.state(), bob.state()]).toMatchObject([
    { phase: 'off', text: [] },
    { phase: 'off', text: [] },
  ]);
  const before = sent.length;
  ann.type('one two', false);
  bob.type('three', false);
  clock.advance(60_000);
  expect(sent.length).toBe(before);
});

test('a question that nobody answers goes; no is no; two questions are a yes', () => {
  const { ann, bob, clock } = pair();
  ann.start();
  clock.advance(60_000);
  expect([ann.state().phase, bob.state().phase]).toEqual(['off', 'off']);
  ann.start();
  bob.end();
  expect(ann.state().phase).toBe('off');
  const crossing = pair();
  crossing.wire.cut = true;
  crossing.ann.start();
  crossing.bob.start();
  crossing.wire.cut = false;
  crossing.ann.received('client-live-ask', {});
  expect([crossing.ann.state().phase, crossing.bob.state().phase]).toEqual(['on', 'on']);
});

test('a yes to what nobody asked, and batches without an agreement, are nothing', () => {
  const { ann } = pair();
  ann.received('client-live-answer', { live: true });
  ann.received('client-live', { r: 'r', o: [0, [['+', 0, 0, ['x']]]] });
  ann.received('client-live-answer', null);
  expect(ann.state()).toMatchObject({ phase: 'off', text: [] });
});

test('it ends when the other one has gone for good, and not for a reload of the connection', () => {
  const { ann, clock } = agreed();
  ann.present(false);
  clock.advance(3_000);
  ann.present(true);
  clock.advance(10_000);
  expect(ann.state().phase).toBe('on');
  ann.present(false);
  clock.advance(5_000);
  expect(ann.state().phase).toBe('off');
});

test('what was lost is asked for and comes', () => {
  const { ann, bob, clock, wire } = agreed();
  clock.advance(1_000);
  ann.type('a', false);
  clock.advance(200);
  wire.cut = true;
  ann.type('ab', false);
  clock.advance(200);
  wire.cut = false;
  ann.type('abc', false);
  clock.advance(2_000);
  expect(textOf(bob)).toBe('abc');
});
