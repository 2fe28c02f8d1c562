import { createHash } from 'node:crypto';
import type { Voice } from '@earshot/home';

const manners =
  'Amber Brisk Calm Clear Gentle Hazel Keen Lively Mellow Misty Quiet Silver Sunny Tidy Velvet Warm';
const birds =
  'Curlew Dipper Finch Heron Jay Kestrel Lapwing Lark Linnet Martin Nightjar Oriole Osprey Pipit Plover Robin ' +
  'Sparrow Starling Swallow Swift Thrush Warbler Wren Yaffle';
const colours = 8;
const rememberedMax = 256;

/** Names and colours for windows. */
export class Voices {
  readonly #colours = new Map<string, number>();
  #next = 0;

  /** The name is always the same for an id. Colours go round, so that the first eight windows differ. */
  of(windowId: string): Voice {
    const [manner = 0, bird = 0] = createHash('sha256').update(windowId).digest();
    return { name: `${pick(manners, manner)} ${pick(birds, bird)}`, colour: this.#colourOf(windowId) };
  }

  #colourOf(windowId: string): number {
    const colour = this.#colours.get(windowId) ?? this.#next++ % colours;
    this.#colours.delete(windowId);
    this.#colours.set(windowId, colour);
    const [oldest] = this.#colours.keys();
    if (this.#colours.size > rememberedMax && oldest !== undefined) this.#colours.delete(oldest);
    return colour;
  }
}

function pick(words: string, byte: number): string {
  const list = words.split(' ');
  return list[byte % list.length] ?? '';
}
