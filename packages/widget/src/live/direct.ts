import { base64url, type Env, type Pending } from '../client/env.ts';
import { FadeClock } from './fade.ts';
import { Lane } from './lane.ts';
import { Pacer } from './pacer.ts';
import type { LiveGrapheme } from './state.ts';
import { Writer } from './writer.ts';

/**
 * Live typing in a one-to-one conversation: the same operations as in a live room, on the conversation's presence channel
 * and not sealed (the conversation is the server's). Nothing is shown before both have agreed, either can end it at any
 * moment, and it ends by itself when the other one is no longer there. Nothing fades: what is typed goes when it is sent.
 */
export interface DirectState {
  readonly phase: DirectPhase;
  /** What the other one types, as long as it is `on`. */
  readonly text: readonly LiveGrapheme[];
  /** Phrases for screen readers: the last one, with a key that tells it from the one before. */
  readonly phrase: { readonly key: number; readonly text: string } | null;
}

export type DirectPhase =
  | 'off'
  /** I have asked; nothing is shown yet. */
  | 'asking'
  /** The other one has asked. */
  | 'asked'
  /** Both see what the other one types: show it plainly, and how to switch it off. */
  | 'on';

/** What the two send each other on the conversation's channel. */
export type DirectEvent =
  | readonly [name: 'client-live-ask', data: Record<string, never>]
  | readonly [name: 'client-live-answer', data: { readonly live: boolean }]
  | readonly [name: 'client-live', data: DirectBatch];

interface DirectBatch {
  /** Of this agreement at the sender's. */
  readonly r: string;
  readonly o?: readonly [first: number, ops: unknown];
  readonly s?: readonly [next: number, cells: unknown];
  /** Something is missing here: send all of it. */
  readonly ask?: true;
}

export interface DirectLive {
  state(): DirectState;
  /** @returns how to stop */
  subscribe(listener: () => void): () => void;
  /** Asks, or says yes to who has asked. */
  start(): void;
  /** Says no, takes the question back, or ends it. */
  end(): void;
  /** What my input holds, after each input. Nothing is sent unless it is `on`. */
  type(text: string, composing: boolean): void;
  /** A client event of the channel, from the other one (and nobody else). */
  received(name: string, data: unknown): void;
  /** The other one is on the channel, or no longer. */
  present(isPresent: boolean): void;
  /** The channel was subscribed anew: what came meanwhile was missed. */
  resubscribed(): void;
  stop(): void;
}

const askMs = 60_000;
const refreshMs = 10_000;
const pauseMs = 1_200;
const tickMs = 30;
const resetGapMs = 500;
const opsCharactersMost = 5_000;
/** Who has gone may be back in a moment. */
const goneMs = 5_000;
const lasting = { stayMs: null, noTakeBacks: false };

export function createDirectLive(env: Env, send: (...event: DirectEvent) => void): DirectLive {
  const listeners = new Set<() => void>();
  const clock = new FadeClock(env.now());
  let phase: DirectPhase = 'off';
  let phrase: DirectState['phrase'] = null;
  let lane: Lane | null = null;
  let writer: Writer | null = null;
  let input = '';
  let run = '';
  let otherRun: string | null = null;
  let wantReset = false;
  let wantAsk = false;
  let resetAt = Number.NEGATIVE_INFINITY;
  let question: Pending | null = null;
  let refresh: Pending | null = null;
  let tick: Pending | null = null;
  let leaving: Pending | null = null;
  let later: Pending | null = null;
  let state: DirectState | null = null;
  const pacer = new Pacer({ env, flush });

  function changed(): void {
    state = null;
    plan();
    for (const listener of [...listeners]) listener();
  }

  function plan(): void {
    tick?.cancel();
    tick = null;
    if (lane === null) return;
    const now = env.now();
    const due = [lane.untilChange(now, false), lane.untilPhrase(now, pauseMs)];
    const soonest = Math.min(...due.map((one) => one ?? Number.POSITIVE_INFINITY));
    if (soonest === Number.POSITIVE_INFINITY) return;
    tick = env.after(Math.max(tickMs, soonest), () => {
      advance();
      changed();
    });
  }

  function advance(): void {
    if (lane === null) return;
    const now = env.now();
    lane.advance(now);
    const said = lane.phrase(now, pauseMs);
    if (said !== null) phrase = { key: (phrase?.key ?? 0) + 1, text: said };
    if (lane.healing && !wantAsk) {
      wantAsk = true;
      pacer.want();
    }
  }

  /** @param says yes to who has asked; whoever hears it may answer at once, so all is ready before */
  function turnOn(says: boolean): void {
    question?.cancel();
    phase = 'on';
    run = base64url(env.randomBytes(9));
    otherRun = null;
    lane = new Lane({ clock, ...lasting });
    writer = new Writer({ clock, ...lasting });
    writer.type(input, false, env.now());
    if (says) send('client-live-answer', { live: true });
    wantReset = true;
    pacer.open = true;
    pacer.want();
    keepFresh();
    changed();
  }

  function turnOff(): void {
    for (const pending of [question, refresh, leaving, later]) pending?.cancel();
    later = null;
    refresh = null;
    phase = 'off';
    phrase = null;
    lane = null;
    writer = null;
    pacer.open = false;
    changed();
  }

  function waitForAnswer(next: 'asking' | 'asked'): void {
    phase = next;
    question?.cancel();
    question = env.after(askMs, turnOff);
    changed();
  }

  function keepFresh(): void {
    refresh = env.after(refreshMs, () => {
      wantReset = true;
      pacer.want();
      keepFresh();
    });
  }

  function flush(): void {
    if (writer === null) return;
    const now = env.now();
    const { first, ops } = wantReset ? { first: 0, ops: [] } : writer.take();
    const ask = wantAsk ? { ask: true as const } : {};
    wantAsk = false;
    if (wantReset || JSON.stringify(ops).length > opsCharactersMost) {
      const { next, cells } = writer.snapshot(now);
      wantReset = false;
      resetAt = now;
      send('client-live', { r: run, s: [next, cells], ...ask });
    } else if (ops.length > 0) send('client-live', { r: run, o: [first, ops], ...ask });
    else if ('ask' in ask) send('client-live', { r: run, ...ask });
  }

  function heard(data: unknown): void {
    const { r, o, s, ask } = (data ?? {}) as Partial<DirectBatch>;
    if (lane === null || typeof r !== 'string' || r.length > 40) return;
    const now = env.now();
    if (otherRun !== r) {
      if (otherRun !== null) lane = new Lane({ clock, ...lasting });
      otherRun = r;
    }
    if (Array.isArray(o)) lane.batch(o[0], o[1], now);
    if (Array.isArray(s)) lane.snapshot(s[0], s[1], now);
    if (ask === true) {
      later ??= env.after(Math.max(0, resetAt + resetGapMs - now), () => {
        later = null;
        wantReset = true;
        pacer.want();
      });
    }
    advance();
    changed();
  }

  return {
    state() {
      const text = lane?.shown(env.now(), false) ?? [];
      state ??= { phase, text, phrase };
      return state;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    start() {
      if (phase === 'off') {
        send('client-live-ask', {});
        waitForAnswer('asking');
      } else if (phase === 'asked') {
        turnOn(true);
      }
    },
    end() {
      if (phase === 'off') return;
      send('client-live-answer', { live: false });
      turnOff();
    },
    type(text, composing) {
      input = text;
      if (writer === null) return;
      writer.type(text, composing, env.now());
      if (writer.hasOps) pacer.want();
    },
    received(name, data) {
      if (name === 'client-live-ask') {
        if (phase === 'off') waitForAnswer('asked');
        else if (phase === 'asking') {
          // Both have asked: that is an agreement.
          turnOn(true);
        } else if (phase === 'on') {
          // The other one has lost it, as by a reload: what I have shown was for the one before.
          turnOff();
          waitForAnswer('asked');
        }
      } else if (name === 'client-live-answer') {
        const yes = (data as { live?: unknown } | null)?.live === true;
        if (!yes && phase !== 'off') turnOff();
        // A yes to what I did not ask is none.
        else if (yes && phase === 'asking') turnOn(false);
      } else if (name === 'client-live') heard(data);
    },
    present(isPresent) {
      leaving?.cancel();
      if (!isPresent && phase !== 'off') leaving = env.after(goneMs, turnOff);
    },
    resubscribed() {
      if (phase !== 'on') return;
      wantReset = true;
      wantAsk = true;
      pacer.want();
    },
    stop() {
      for (const pending of [question, refresh, tick, leaving, later]) pending?.cancel();
      pacer.stop();
      listeners.clear();
    },
  };
}
