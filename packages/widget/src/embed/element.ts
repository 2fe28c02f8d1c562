import type { Mounted } from './mount.ts';
import { type GivenOptions, readOptions } from './options.ts';

/**
 * A custom element whose attributes are the options by their names (`app`, `room`, `user-url`, …). It is there while it is in
 * the document; where it is moved within one task it stays as it is.
 */
export function elementWith(
  mount: (node: HTMLElement, options: GivenOptions) => Mounted,
): CustomElementConstructor {
  return class extends HTMLElement {
    declare mounted: Mounted | null;

    constructor() {
      super();
      this.mounted = null;
    }

    connectedCallback() {
      if (this.mounted === null)
        this.mounted = mount(
          this,
          readOptions((name) => this.getAttribute(name)),
        );
    }

    disconnectedCallback() {
      queueMicrotask(() => {
        if (this.isConnected) return;
        this.mounted?.stop();
        this.mounted = null;
      });
    }

    open() {
      this.mounted?.open();
    }

    close() {
      this.mounted?.close();
    }
  };
}
