import type { EmbedOptions } from './options.ts';
import type { PanelCommand, Told } from './panel-contract.ts';

/**
 * What the page and the frame of `mode: 'iframe'` say to each other. One message with a port goes from the page to the
 * frame, to our exact origin; all else goes through the port, which nobody else has.
 */
export interface Connect {
  readonly type: 'earshot:connect';
  /** Without what is a function; tokens are asked for by `token`. */
  readonly options: Omit<EmbedOptions, 'user'> & { readonly hasUser: boolean };
  /** The page's canonical address, for its room. */
  readonly address: string;
}

export type ToFrame =
  | { readonly type: 'run'; readonly command: Exclude<PanelCommand, { readonly name: 'user' }> }
  | { readonly type: 'user'; readonly hasUser: boolean }
  | { readonly type: 'token'; readonly id: number; readonly token: string | null; readonly failed: boolean }
  | { readonly type: 'address'; readonly address: string };

export type ToPage =
  | { readonly type: 'ready' }
  | { readonly type: 'told'; readonly told: Told }
  /** The frame needs a fresh token of the host's user. */
  | { readonly type: 'token'; readonly id: number };

export function isConnect(data: unknown): data is Connect {
  return typeof data === 'object' && data !== null && 'type' in data && data.type === 'earshot:connect';
}
