import type { Pending } from '../client/env.ts';
import { type FadeClock, opacityAt, untilChange } from './fade.ts';
import { graphemesOf } from './graphemes.ts';
import type { Lane } from './lane.ts';
import type { LivePerson, LivePicture } from './state.ts';

/** How long a picture stays before it fades. */
export const pictureStayMs = 10_000;
const picturesMost = 4;
const nameMost = 40;
export const coloursMost = 16;

/** What people say of themselves: name, colour, whether they can read. Null for what is none. */
export type About = readonly [name: string, colour: number, visible: 0 | 1];

export function readAbout(data: unknown): About | null {
  if (!Array.isArray(data)) return null;
  const [name, colour, visible] = data;
  if (typeof name !== 'string' || name.length > 400 || (visible !== 0 && visible !== 1)) return null;
  if (!Number.isInteger(colour) || colour < 0 || colour >= coloursMost) return null;
  return [cleanName(name), colour, visible];
}

/** One line without what cannot be seen or turns writing around. */
export function cleanName(name: string): string {
  const plain = name.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (char) => (char === '\u200d' ? char : ''));
  return graphemesOf(plain.trim()).slice(0, nameMost).join('');
}

/** Pictures of a lane, as long as they last. */
export class Pictures {
  declare private readonly clock: FadeClock;
  declare private all: (Omit<LivePicture, 'opacity'> & { readonly at: number })[];

  constructor(clock: FadeClock) {
    this.clock = clock;
    this.all = [];
  }

  add(picture: Omit<LivePicture, 'opacity'>, now: number): void {
    this.all = [...this.all, { ...picture, at: this.clock.at(now) }].slice(-picturesMost);
  }

  fade(now: number): boolean {
    const age = this.clock.at(now);
    const left = this.all.filter(({ at }) => opacityAt(age - at, pictureStayMs, true) > 0);
    const any = left.length < this.all.length;
    this.all = left;
    return any;
  }

  shown(now: number, reduced: boolean): LivePicture[] {
    const age = this.clock.at(now);
    return this.all.map(({ at, ...picture }) => ({
      ...picture,
      opacity: opacityAt(age - at, pictureStayMs, reduced),
    }));
  }

  untilChange(now: number, reduced: boolean): number | null {
    const age = this.clock.at(now);
    const all = this.all.flatMap(({ at }) => untilChange(age - at, pictureStayMs, reduced) ?? []);
    return all.length === 0 ? null : this.clock.real(Math.min(...all));
  }
}

/** Somebody else in the room. */
export interface Other {
  readonly id: string;
  readonly lane: number;
  readonly text: Lane;
  readonly pictures: Pictures;
  name: string | null;
  colour: number;
  visible: boolean;
  isGone: boolean;
  /** On the way to being gone, or out of the list. */
  leaving: Pending | null;
  /** The stay that was heard last. */
  run: string | null;
  unreadable: boolean;
  /** When a snapshot was asked for. */
  askedAt: number;
}

export function personOf(other: Other, now: number, reduced: boolean): LivePerson {
  const { id, lane, colour, name, isGone, visible, unreadable, text, pictures } = other;
  return {
    id,
    lane,
    colour,
    name,
    presence: isGone ? 'gone' : visible ? 'here' : 'away',
    text: text.shown(now, reduced),
    pictures: pictures.shown(now, reduced),
    unreadable,
    healing: text.healing,
  };
}
