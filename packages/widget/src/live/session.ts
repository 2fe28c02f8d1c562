import { failed } from '../client/answer.ts';
import type { Env } from '../client/env.ts';
import type { LiveStore, StartLive } from './state.ts';

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
}

/** Enters a live room and goes on until it is stopped. Asks for nothing before it is called. */
export declare function openLive(entrance: LiveEntrance): LiveStore;

/** @param app the app's key; the first app with a chat when left out */
export function createStartLive(_env: Env, _base: string, _app?: string): StartLive {
  return async () => failed({ code: 'unavailable' });
}
