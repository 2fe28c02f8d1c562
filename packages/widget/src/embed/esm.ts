import { elementWith } from './element.ts';
import { type Mounted, mountWith } from './mount.ts';
import type { GivenOptions } from './options.ts';

/**
 * The module `/widget/esm.js`, for pages that are built with modules:
 * `import { mount } from 'https://chat.example.com/widget/esm.js'`. Importing it does nothing yet.
 */

// The file is at /widget/assets/.
const server = new URL('../..', import.meta.url).href;
const load = (mode: string | undefined) => () =>
  mode === 'iframe' ? import('./frame.ts') : import('./panel.ts');

export function mount(node: HTMLElement, options: GivenOptions): Mounted {
  return mountWith(node, options, { server, load: load(options.mode) });
}

/** The class of `<earshot-chat app="KEY">`; `define()` makes it known. */
export const EarshotChat = elementWith(mount);

/** Makes `<earshot-chat>` known to the page, once. */
export function define(name = 'earshot-chat'): void {
  if (customElements.get(name) === undefined) customElements.define(name, EarshotChat);
}

export type { GivenOptions, Mounted };
