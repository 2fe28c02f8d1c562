import { completeOptions, type GivenOptions } from './options.ts';
import type { Told } from './panel-contract.ts';
import { createWidget, type WidgetParts } from './widget.ts';

/** What a page holds of a widget that it has put somewhere itself. */
export interface Mounted {
  open(): void;
  close(): void;
  /** Opens it at a conversation, by its id. */
  openConversation(id: string): void;
  on(event: Told['type'], listener: (value: unknown) => void): () => void;
  /** Takes it away; its node stays. */
  stop(): void;
}

export interface MountParts extends Omit<WidgetParts, 'options'> {
  /** Where the code came from, for options that name no server. */
  readonly server: string;
}

/**
 * Puts a widget on the page: `node` becomes the host of its shadow root. Needs no custom elements, which the isolated world
 * of a browser extension does not have.
 */
export function mountWith(node: HTMLElement, given: GivenOptions, { server, ...parts }: MountParts): Mounted {
  if (!given.app) throw new Error('Earshot: no app. Give the app’s key: mount(node, { app: KEY }).');
  const widget = createWidget(node, { options: completeOptions(given, server), ...parts });
  return { ...widget, openConversation: (id) => widget.run({ name: 'conversation', value: id }) };
}
