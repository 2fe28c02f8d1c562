import { expect, test } from 'bun:test';
import { ManualClock } from '@earshot/base';
import type { Framing, SessionKeeper } from './session.ts';
import { HttpSession } from './session.ts';

const framing: Framing = {
  transport: 'xhr_streaming',
  messages: (chain) => chain.sockJs,
  heartbeat: 'h\n',
  close: (code) => `c[${code}]\n`,
  graceMs: 5_000,
  responseCharactersMax: 1_000,
  quietClient: false,
};

/** A session, the topics it is in, and what its receiver got. */
function scene() {
  const clock = new ManualClock();
  const topics = new Set<string>();
  let ends = 0;
  const keeper: SessionKeeper = {
    clock,
    graceClock: clock,
    outboxBytes: 1_000,
    enter: (_session, topic) => void topics.add(topic),
    leave: (_session, topic) => void topics.delete(topic),
    publishExcept: () => {},
    touch: () => {},
    closed: () => {},
    slowClientCut: () => {},
  };
  const session = new HttpSession(keeper, framing, () => ends++);
  const written: string[] = [];
  const receiver = {
    once: false,
    unreadBytes: 0,
    write: (bytes: Uint8Array) => {
      written.push(new TextDecoder().decode(bytes));
      return true;
    },
    end: () => {},
    cut: () => {},
  };
  session.attach(receiver);
  for (const topic of ['1/news', '1/sport', '1/weather']) session.enterTopic(topic);
  session.leaveTopic('1/sport');
  return { clock, session, receiver, topics, written, ends: () => ends };
}

test('SUB-11: a session that is closed is in no topic any more', () => {
  const { session, topics, written, ends } = scene();
  expect([...topics]).toEqual(['1/news', '1/weather']);
  session.send('last');
  session.close(4200, '');
  expect(topics.size).toBe(0);
  session.enterTopic('1/late');
  expect(topics.size).toBe(0);
  expect(written.join('')).toBe('a["last"]\nc[4200]\n');
  expect(ends()).toBe(1);
});

test('SUB-11: nor is one whose client has not come back', () => {
  const { clock, session, receiver, topics, ends } = scene();
  session.detach(receiver);
  clock.advance(4_999);
  expect(topics.size).toBe(2);
  clock.advance(1);
  expect(topics.size).toBe(0);
  expect(ends()).toBe(1);
});

test('SUB-11: nor is one that is cut', () => {
  const { session, receiver, topics, ends } = scene();
  session.detach(receiver);
  session.send('x'.repeat(1_001));
  expect(topics.size).toBe(0);
  expect(ends()).toBe(1);
});
