import { expect, test } from 'bun:test';
import { Tally } from './tally.ts';
import { Usage } from './usage.ts';

function tally() {
  const usage = new Usage();
  return { usage, tally: new Tally(usage) };
}

test('the first thing that happens is told, once until it was looked at', () => {
  const { tally: at } = tally();
  let told = 0;
  at.onTouched = () => told++;
  at.add('published');
  at.add('apiRequests', 3);
  at.opened('websocket');
  expect(told).toBe(1);
  at.isTouched = false;
  at.closed('websocket');
  expect(told).toBe(2);
  expect(at.counts).toMatchObject({ published: 1, apiRequests: 3, clientEvents: 0 });
});

test('each delivery is a message of the day; one to nobody is nothing', () => {
  const { tally: at, usage } = tally();
  at.delivered(7);
  at.delivered(0);
  at.delivered(-1);
  expect(at.counts.delivered).toBe(7);
  expect(usage.messagesToday).toBe(7);
});

test('the most at one time is by transport, and begins again with what is open', () => {
  const { tally: at } = tally();
  at.opened('websocket');
  at.opened('websocket');
  at.opened('event_stream');
  at.closed('websocket');
  at.closed('event_stream');
  expect(at.most).toEqual({ websocket: 2, xhr_streaming: 0, xhr_polling: 0, event_stream: 1 });
  expect(at.settleMost()).toBe(true);
  expect(at.most).toEqual({ websocket: 1, xhr_streaming: 0, xhr_polling: 0, event_stream: 0 });
  expect(at.settleMost()).toBe(false);
});
