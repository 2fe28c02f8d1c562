import type { LivePerson } from '../state.ts';
import type { LiveTranslator } from './texts/load.ts';

/** What somebody is called here; who gave no name is called by the lane. */
export function personName(t: LiveTranslator, { name, lane }: Pick<LivePerson, 'name' | 'lane'>): string {
  return name || t('person', { n: lane + 1 });
}

/** How many colours of people there are. */
export const colours = 8;
/** Patterns of the band beside a lane, so that two people of one colour differ. */
export const patterns = 8;

export const colourClass = (colour: number) => `voice-${((colour % colours) + colours) % colours}`;
export const bandClass = (lane: number) => `band band-${lane % patterns}`;
