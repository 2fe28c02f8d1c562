import type { LiveEntry } from '@earshot/chat/contract';
import { answered, failed } from '../client/answer.ts';
import { createSend } from '../client/api.ts';
import { base64url, type Env, type Pending } from '../client/env.ts';
import { openSocket } from '../client/realtime.ts';
import type { Members, Socket } from '../client/socket.ts';
import type { Problem } from '../store/problem.ts';
import { FadeClock } from './fade.ts';
import { keepName, keepStay, readName, readStay } from './kept.ts';
import { Lane } from './lane.ts';
import { Pacer } from './pacer.ts';
import { type About, cleanName, coloursMost, type Other, Pictures, personOf, readAbout } from './person.ts';
import { getPicture, isPictureType, type PictureStore, putPicture, readPictureNote } from './pictures.ts';
import { fragmentOf, keyFrom, newKey, openSeal, type Seal } from './seal.ts';
import { contextOf, Speech } from './speech.ts';
import {
  type LiveActions,
  type LiveDoor,
  type LiveFade,
  type LivePhase,
  type LivePhrase,
  type LiveSending,
  type LiveState,
  type LiveStore,
  livePictureBytes,
  type StartLive,
} from './state.ts';
import { Writer } from './writer.ts';

export type * from './state.ts';
export { livePictureBytes } from './state.ts';

export interface LiveEntrance {
  readonly env: Env;
  /** The API's address, `…/chat/api/v1`. */
  readonly base: string;
  /** As the address has it. */
  readonly room: string;
  /** `location.hash`. */
  readonly fragment: string;
  /** Undefined on pages that are not secure. What the browser has, unless said. */
  readonly subtle?: SubtleCrypto | undefined;
}

/** @param app the app's key; the first app with a chat when left out */
export function createStartLive(env: Env, base: string, app?: string): StartLive {
  const send = createSend(env, base);
  return async (options) => {
    const { problem, value } = await send('POST /live/rooms', [], {
      ...(app === undefined ? {} : { app }),
      ...options,
    });
    if (problem !== null) return failed(problem);
    keepStay(env.tab(), value.room, { maker: value.maker });
    const key = newKey(env, globalThis.crypto?.subtle);
    return answered({ room: value.room, fragment: fragmentOf(key) });
  };
}

/** All of my lane is said again this often while I type; whoever has missed something has it then. */
const refreshMs = 10_000;
/** And at most this often when others ask for it. */
const resetGapMs = 500;
/** Operations of one event as JSON; beyond it all of the lane is shorter. */
const opsCharactersMost = 3_500;
/** Somebody who has lost the connection is back within this time, most often. */
const goneMs = 3_000;
const goneShownMs = 6_000;
/** A pause after which what was written is read out. */
const pauseMs = 1_200;
const phraseShownMs = 4_000;
const phrasesMost = 10;
/** How soon what changes by itself is looked at again. */
const tickLeastMs = 30;
const fullRetryMs = 5_000;
const waitingShownMs = 12_000;
const askGapMs = 1_000;

/** A stay in the room: from having a lane to losing it. */
interface Stay {
  readonly entry: LiveEntry;
  readonly run: string;
  readonly seal: Seal;
  readonly speech: Speech;
  readonly socket: Socket;
  readonly pictures: PictureStore;
}

/** Enters a live room and goes on until it is stopped. Asks for nothing before it is called. */
export function openLive({ env, base, room, fragment, ...more }: LiveEntrance): LiveStore {
  const subtle = 'subtle' in more ? more.subtle : globalThis.crypto?.subtle;
  const send = createSend(env, base);
  const key = keyFrom(fragment);
  const clock = new FadeClock(env.now());
  const listeners = new Set<() => void>();
  const others = new Map<string, Other>();
  const mine = new Pictures(clock);
  const stops: (() => void)[] = [];

  let phase: LivePhase = key === null ? 'no_key' : 'entering';
  let problem: Problem | null = null;
  let connection: LiveState['connection'] = 'connecting';
  let retryAt: number | null = null;
  let slowTransport = false;
  let name = readName(env.tab());
  let colour: number | null = null;
  let fade: LiveFade = { mode: 'normal', held: false, reduced: false };
  let door: LiveDoor | null = null;
  let phrases: readonly LivePhrase[] = [];
  let sending: readonly LiveSending[] = [];
  let lastKey = 0;

  let stay: Stay | null = null;
  let writer: Writer | null = null;
  /** What is heard is opened one after the other. */
  let hearing: Promise<unknown> = Promise.resolve();
  let entering = 0;
  let retry: Pending | null = null;
  let tick: Pending | null = null;
  let refresh: Pending | null = null;
  let later: Pending | null = null;
  let expiry: Pending | null = null;
  let waiting: Pending | null = null;
  let wantReset = false;
  let wantAbout = false;
  let lastReset = Number.NEGATIVE_INFINITY;
  /** Something was said since all of it was. */
  let saidSince = false;
  let asks = new Set<string>();
  let notes: unknown[][] = [];
  let state: LiveState | null = null;
  let announced = false;

  const pacer = new Pacer({ env, flush });

  // ——— the state

  function changed(): void {
    state = null;
    plan();
    if (announced) return;
    announced = true;
    queueMicrotask(() => {
      announced = false;
      for (const listener of [...listeners]) listener();
    });
  }

  function build(): LiveState {
    const now = env.now();
    const entry = stay?.entry ?? null;
    return {
      phase,
      problem,
      connection,
      retryAt,
      slowTransport,
      room: entry === null ? null : { ...entry.options, expiresAt: entry.expiresAt, limit: entry.limit },
      name,
      me:
        entry === null
          ? null
          : {
              id: entry.participant,
              lane: entry.lane,
              colour: myColour(),
              name,
              presence: env.page.visible() ? 'here' : 'away',
              text: writer?.shown(now, fade.reduced) ?? [],
              pictures: mine.shown(now, fade.reduced),
              unreadable: false,
              healing: false,
            },
      others: [...others.values()]
        .sort((a, b) => a.lane - b.lane || (a.id < b.id ? -1 : 1))
        .map((other) => personOf(other, now, fade.reduced)),
      fade,
      input: writer?.text ?? '',
      door,
      phrases,
      sending,
    };
  }

  const myColour = () => colour ?? (stay?.entry.lane ?? 0) % coloursMost;
  const nextKey = () => ++lastKey;

  /** Looks again when something changes by itself. */
  function plan(): void {
    tick?.cancel();
    tick = null;
    const now = env.now();
    const all = [writer?.untilChange(now, fade.reduced), mine.untilChange(now, fade.reduced)];
    for (const { text, pictures } of others.values()) {
      all.push(text.untilChange(now, fade.reduced), text.untilPhrase(now, pauseMs));
      all.push(pictures.untilChange(now, fade.reduced));
    }
    const soonest = Math.min(...all.map((one) => one ?? Number.POSITIVE_INFINITY));
    if (soonest === Number.POSITIVE_INFINITY) return;
    tick = env.after(Math.max(tickLeastMs, soonest), () => {
      tick = null;
      advance();
      changed();
    });
  }

  function advance(): void {
    const now = env.now();
    writer?.fade(now);
    mine.fade(now);
    for (const other of others.values()) {
      other.text.advance(now);
      const phrase = other.text.phrase(now, pauseMs);
      if (phrase !== null) say(other.id, phrase);
      other.text.fade(now);
      other.pictures.fade(now);
      heal(other);
    }
  }

  function say(person: string, text: string): void {
    const phrase = { key: nextKey(), person, text };
    phrases = [...phrases, phrase].slice(-phrasesMost);
    env.after(phraseShownMs, () => {
      phrases = phrases.filter((one) => one !== phrase);
      changed();
    });
  }

  // ——— coming in and leaving

  async function enter(again = false): Promise<void> {
    if (key === null) return;
    retry?.cancel();
    const turn = ++entering;
    if (!again) setPhase('entering', null);
    const seal = await openSeal(key, env, subtle);
    if (turn !== entering) return;
    if (seal === null) return setPhase('failed', { code: 'unsupported' });
    const kept = readStay(env.tab(), room);
    const { problem: refusal, value } = await send('POST /live/rooms/:/enter', [room], {
      ...kept,
      ...(again ? { again } : {}),
    });
    if (turn !== entering) return;
    if (refusal !== null) return notIn(refusal);
    keepStay(env.tab(), room, { ...kept, token: value.token });
    // By this browser's clock from here on.
    isIn({ ...value, expiresAt: value.expiresAt - value.now + env.now() }, seal);
  }

  function notIn(refusal: Problem): void {
    if (refusal.code === 'not_found') {
      setPhase('gone', null);
      return;
    }
    if (refusal.code === 'full') {
      setPhase('full', null);
      retry = env.after(fullRetryMs, () => void enter(true));
      return;
    }
    const passes = ['network', 'too_many_requests', 'unavailable', 'internal'].includes(refusal.code);
    setPhase(passes ? 'retrying' : 'failed', refusal);
    if (!passes) return;
    const seconds = Math.max(2, refusal.retryAfterSeconds ?? 0);
    retry = env.after(seconds * 1_000 * (1 + env.random()), () => void enter());
  }

  function setPhase(next: LivePhase, why: Problem | null): void {
    phase = next;
    problem = why;
    changed();
  }

  function isIn(entry: LiveEntry, seal: Seal): void {
    const run = base64url(env.randomBytes(9));
    const { participant, lane, token, channel, makerChannel } = entry;
    const fading = {
      clock,
      stayMs: entry.options.fadeSeconds * 1_000,
      noTakeBacks: entry.options.noTakeBacks,
    };
    const socket = openSocket(
      {
        env,
        realtime: entry.realtime,
        sign: (what) => send('POST /live/rooms/:/auth', [room], { token, ...what }),
      },
      {
        connection(next, at) {
          // There is more to being here than a connection; see `isHere`.
          connection = next === 'online' ? 'connecting' : next;
          retryAt = at;
          pacer.open = false;
          changed();
        },
        transport(transport) {
          slowTransport = !transport.startsWith('ws');
          pacer.http = slowTransport;
        },
        tooFast() {
          pacer.refused();
          // It is lost: all of it is said again.
          wantReset = true;
          pacer.want();
        },
        subscribed(name, members) {
          if (name === channel) isHere(members ?? new Map());
          // Who sees me can count on it that I hear the door.
          else socket.subscribe(channel);
        },
        event(name, event, data, sender) {
          if (name === makerChannel) heardAtDoor(event);
          else if (event === 'client-live' && sender !== null && sender !== participant) {
            const current = stay;
            const next = () => (current === stay ? hear(sender, data) : undefined);
            hearing = hearing.then(next, next);
          }
        },
        joined(_name, id, info) {
          if (id === participant) return;
          meet(id, info);
          reset();
          changed();
        },
        left(_name, id) {
          isLeaving(id, goneMs);
        },
        refused(_name, refusal) {
          // The lane went to somebody else while I was away, the room ended, or the channel takes nobody any more.
          leaveStay();
          if (refusal.code === 'busy') notIn({ code: 'full' });
          else if (refusal.code === 'not_found') void enter();
          else setPhase('failed', refusal);
        },
        ended(refusal) {
          leaveStay();
          setPhase('failed', refusal);
        },
      },
    );
    const trigger = (envelope: object) => socket.trigger(channel, 'client-live', envelope);
    stay = {
      entry,
      run,
      seal,
      socket,
      speech: new Speech({ seal, channel, participant, lane, run, trigger }),
      pictures: { address: `${base}/live/rooms/${encodeURIComponent(room)}/pictures`, token },
    };
    // What my input holds outlasts the loss of a lane.
    writer ??= new Writer(fading);
    door = makerChannel === null ? null : (door ?? { came: 0, refused: 0, waiting: false });
    expiry = env.after(Math.max(0, entry.expiresAt - env.now()), () => {
      leaveStay();
      setPhase('gone', null);
    });
    socket.subscribe(makerChannel ?? channel);
    setPhase('open', null);
  }

  function leaveStay(): void {
    entering++;
    stay?.socket.stop();
    stay = null;
    pacer.open = false;
    expiry?.cancel();
    later?.cancel();
    later = null;
    for (const { leaving } of others.values()) leaving?.cancel();
    others.clear();
    asks = new Set();
    notes = [];
    connection = 'connecting';
  }

  // ——— who is there

  function isHere(members: Members): void {
    const me = stay?.entry.participant;
    for (const [id, info] of members) if (id !== me) meet(id, info);
    for (const id of others.keys()) if (!members.has(id)) isLeaving(id, goneMs);
    connection = 'online';
    pacer.open = true;
    // What was said meanwhile was missed, by me and of me.
    wantReset = true;
    asks.add('*');
    pacer.want();
    changed();
  }

  function meet(id: string, info: unknown): Other | null {
    const { lane } = (info ?? {}) as { lane?: unknown };
    if (stay === null || !Number.isInteger(lane) || (lane as number) < 0) return null;
    const known = others.get(id);
    if (known !== undefined) {
      known.leaving?.cancel();
      known.leaving = null;
      known.isGone = false;
      return known;
    }
    // Whoever had the lane before is gone for good.
    for (const [old, other] of others) if (other.lane === lane) remove(old);
    const { fadeSeconds, noTakeBacks } = stay.entry.options;
    const other: Other = {
      id,
      lane: lane as number,
      text: new Lane({ clock, stayMs: fadeSeconds * 1_000, noTakeBacks }),
      pictures: new Pictures(clock),
      name: null,
      colour: (lane as number) % coloursMost,
      visible: true,
      isGone: false,
      leaving: null,
      run: null,
      unreadable: false,
      askedAt: Number.NEGATIVE_INFINITY,
    };
    others.set(id, other);
    return other;
  }

  function isLeaving(id: string, ms: number): void {
    const other = others.get(id);
    if (other === undefined || other.isGone) return;
    other.leaving?.cancel();
    other.leaving = env.after(ms, () => {
      other.isGone = true;
      other.leaving = env.after(goneShownMs, () => {
        remove(id);
        changed();
      });
      changed();
    });
  }

  function remove(id: string): void {
    others.get(id)?.leaving?.cancel();
    others.delete(id);
    phrases = phrases.filter(({ person }) => person !== id);
  }

  function heardAtDoor(event: string): void {
    if (door === null) return;
    if (event === 'live_came') door = { ...door, came: door.came + 1, waiting: false };
    else if (event === 'live_refused' || event === 'live_waiting') {
      door = { ...door, refused: door.refused + (event === 'live_refused' ? 1 : 0), waiting: true };
      waiting?.cancel();
      waiting = env.after(waitingShownMs, () => {
        if (door !== null) door = { ...door, waiting: false };
        changed();
      });
    } else return;
    changed();
  }

  // ——— what is heard

  async function hear(sender: string, data: unknown): Promise<void> {
    const current = stay;
    const other = others.get(sender);
    if (current === null || other === undefined) return;
    const heard = await current.speech.hear(sender, other.lane, data);
    if (heard === null || current !== stay || others.get(sender) !== other) return;
    other.unreadable = heard === 'unreadable';
    if (heard !== 'unreadable') {
      if (other.run !== heard.run) {
        if (other.run !== null) other.text.restart();
        other.run = heard.run;
      }
      for (const frame of heard.frames.slice(0, 20)) if (Array.isArray(frame)) take(other, frame, current);
    }
    advance();
    changed();
  }

  function take(other: Other, frame: readonly unknown[], current: Stay): void {
    const now = env.now();
    const [kind, first, second, third] = frame;
    if (kind === 'o') other.text.batch(first, second, now);
    else if (kind === 'r') {
      other.text.snapshot(first, second, now);
      learn(other, third);
    } else if (kind === 'i') learn(other, first);
    else if (kind === '?') {
      const wanted = frame.slice(1, 20);
      if (wanted.includes('*') || wanted.includes(current.entry.participant)) reset();
    } else if (kind === 'p') void fetchPicture(other, frame, current);
    else if (kind === 'b') isLeaving(other.id, 0);
  }

  function learn(other: Other, data: unknown): void {
    const about = readAbout(data);
    if (about === null) return;
    const [said, chosen, visible] = about;
    other.name = said;
    other.colour = chosen;
    other.visible = visible === 1;
  }

  function heal(other: Other): void {
    const now = env.now();
    if (!other.text.healing || now - other.askedAt < askGapMs) return;
    other.askedAt = now;
    asks.add(other.id);
    pacer.want();
  }

  async function fetchPicture(other: Other, frame: readonly unknown[], current: Stay): Promise<void> {
    const note = readPictureNote(frame);
    if (note === null || other.run === null) return;
    const { channel } = current.entry;
    const context = contextOf(channel, other.id, other.lane, other.run, `picture ${note.name}`);
    const blob = await getPicture(env, current.pictures, current.seal, context, note);
    if (blob === null || current !== stay) return;
    const { width, height } = note;
    other.pictures.add({ key: `${nextKey()}`, blob, width, height }, env.now());
    changed();
  }

  // ——— what is said

  function about(): About {
    return [name ?? '', myColour(), env.page.visible() ? 1 : 0];
  }

  /** Somebody needs all of my lane. */
  function reset(): void {
    if (later !== null) return;
    later = env.after(Math.max(0, lastReset + resetGapMs - env.now()), () => {
      later = null;
      wantReset = true;
      pacer.want();
    });
  }

  function flush(): void {
    if (stay === null || writer === null) return;
    const now = env.now();
    const frames: unknown[][] = [];
    const { first, ops } = wantReset ? { first: 0, ops: [] } : writer.take();
    if (wantReset || JSON.stringify(ops).length > opsCharactersMost) {
      const { next, cells } = writer.snapshot(now);
      frames.push(['r', next, cells, about()]);
      wantReset = false;
      wantAbout = false;
      saidSince = false;
      lastReset = now;
    } else if (ops.length > 0) {
      frames.push(['o', first, ops]);
      saidSince = true;
    }
    if (wantAbout) frames.push(['i', about()]);
    wantAbout = false;
    if (asks.size > 0) frames.push(['?', ...asks]);
    asks = new Set();
    frames.push(...notes);
    notes = [];
    if (frames.length > 0) void stay.speech.say(frames);
  }

  /** As long as something stands in my lane, or was said, all of it is said again from time to time. */
  function keepFresh(): void {
    refresh ??= env.after(refreshMs, () => {
      refresh = null;
      if (!saidSince && (writer === null || writer.isEmpty)) return;
      wantReset = true;
      pacer.want();
      keepFresh();
    });
  }

  function wrote(): void {
    if (writer?.hasOps) {
      pacer.want();
      keepFresh();
    }
    changed();
  }

  function tellAbout(): void {
    wantAbout = true;
    pacer.want();
    changed();
  }

  function setFade(next: Partial<LiveFade>): void {
    advance();
    fade = { ...fade, ...next };
    clock.set(fade, env.now());
    changed();
  }

  async function upload(picture: { blob: Blob; width: number; height: number }): Promise<void> {
    const one = { key: `${nextKey()}`, problem: null };
    sending = [...sending, one];
    changed();
    const { blob, width, height } = picture;
    const current = stay;
    const failure = (why: Problem) => {
      sending = sending.map((other) => (other === one ? { ...one, problem: why } : other));
      changed();
    };
    if (current === null) return failure({ code: 'network' });
    if (blob.size > livePictureBytes) return failure({ code: 'too_large' });
    if (!isPictureType(blob.type)) return failure({ code: 'type_refused' });
    const { channel, participant, lane } = current.entry;
    const label = base64url(env.randomBytes(9));
    const context = contextOf(channel, participant, lane, current.run, `picture ${label}`);
    const { problem: refusal, value: id } = await putPicture(
      env,
      current.pictures,
      current.seal,
      context,
      blob,
    );
    if (refusal !== null) return failure(refusal);
    if (current !== stay) return failure({ code: 'network' });
    sending = sending.filter((other) => other !== one);
    notes.push(['p', id, label, width, height, blob.type]);
    mine.add({ key: one.key, blob, width, height }, env.now());
    pacer.want();
    changed();
  }

  const actions: LiveActions = {
    type(text, composing) {
      if (writer === null) return text;
      const now = env.now();
      writer.fade(now);
      const kept = writer.type(text, composing, now);
      wrote();
      return kept;
    },
    takeFaded() {
      if (writer === null) return '';
      const kept = writer.takeFaded(env.now());
      wrote();
      return kept;
    },
    setName(next) {
      name = cleanName(next);
      keepName(env.tab(), name);
      tellAbout();
    },
    setColour(next) {
      if (Number.isInteger(next) && next >= 0 && next < coloursMost) colour = next;
      tellAbout();
    },
    hold: (held) => setFade({ held }),
    setFade: (mode) => setFade({ mode }),
    setReducedMotion: (reduced) => setFade({ reduced }),
    sendPicture: (picture) => void upload(picture),
    dropSending(dropped) {
      sending = sending.filter((one) => one.key !== dropped);
      changed();
    },
    leave() {
      retry?.cancel();
      const said = stay?.speech.say([['b']]) ?? Promise.resolve();
      const current = stay;
      const go = () => {
        if (stay === current) leaveStay();
        changed();
        // The lane is free at once.
        if (current !== null) {
          const { maker } = readStay(env.tab(), room);
          keepStay(env.tab(), room, maker === undefined ? {} : { maker });
          void send('POST /live/rooms/:/leave', [room], { token: current.entry.token });
        }
      };
      // The client hands events to the socket a turn later: the last word has to be out before that is closed.
      void said.then(() => env.after(0, go));
      writer = null;
      setPhase('left', null);
    },
    enter: () => {
      if (phase !== 'open') void enter();
      else stay?.socket.tryNow();
    },
  };

  stops.push(
    env.page.on('seen', tellAbout),
    env.page.on('unseen', tellAbout),
    env.page.on('online', () => stay?.socket.tryNow()),
    // Closed at once, the lane is free for the page that comes next.
    env.page.on('gone', leaveStay),
    env.page.on('back', () => void enter()),
  );
  void enter();

  return {
    actions,
    state() {
      state ??= build();
      return state;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop() {
      for (const stop of stops) stop();
      listeners.clear();
      leaveStay();
      pacer.stop();
      for (const pending of [retry, tick, refresh, waiting]) pending?.cancel();
      tick = null;
    },
  };
}
