import type { EmbedOptions } from './options.ts';

/** The words of the part that is there from the start. */
export interface LauncherWords {
  readonly open: string;
  readonly close: string;
  /** After the number. */
  readonly unread: string;
  readonly failed: string;
  readonly retry: string;
}

/** The round button at the corner: how many messages are unread, whether the panel is open, and what went wrong. */
export interface Launcher {
  /** Null where the page has a button of its own. */
  readonly button: HTMLButtonElement | null;
  setOpen(open: boolean): void;
  setUnread(count: number): void;
  setBusy(busy: boolean): void;
  /**
   * Says it next to the button, in words, with a way to try again.
   * @param reason a word for whoever looks after the page, or nothing
   */
  fail(reason: string, retry: () => void): void;
}

/** Of the same hand as the views' icons. */
const icons = {
  chat: 'M10 3c4.4 0 8 2.8 8 6.5S14.4 16 10 16c-.9 0-1.8-.1-2.6-.3L3.5 17.5l.9-3.3C2.9 13 2 11.3 2 9.5 2 5.8 5.6 3 10 3z',
  shut: 'M5 7.5l5 5 5-5',
};

export function createLauncher(
  root: ShadowRoot,
  options: Pick<EmbedOptions, 'position' | 'launcher'>,
  words: LauncherWords,
  onClick: () => void,
): Launcher {
  const button = document.createElement('button');
  const badge = document.createElement('span');
  let failed: HTMLElement | null = null;
  let unread = 0;
  let isOpen = false;

  const describe = () => {
    const name = isOpen ? words.close : words.open;
    const more = unread === 0 ? '' : `, ${unread} ${words.unread}`;
    button.setAttribute('aria-label', name + more);
    button.setAttribute('aria-expanded', `${isOpen}`);
  };
  button.type = 'button';
  button.className = 'launch';
  button.dataset.position = options.position;
  badge.className = 'count';
  badge.setAttribute('aria-hidden', 'true');
  button.append(icon('chat'), icon('shut'), badge);
  button.addEventListener('click', onClick);
  describe();
  if (options.launcher) root.append(button);

  return {
    button: options.launcher ? button : null,
    setOpen(open) {
      isOpen = open;
      describe();
    },
    setUnread(count) {
      unread = count;
      badge.textContent = count === 0 ? '' : count > 99 ? '99+' : `${count}`;
      describe();
    },
    setBusy(busy) {
      button.setAttribute('aria-busy', `${busy}`);
      if (busy) failed?.remove();
    },
    fail(reason, retry) {
      failed?.remove();
      const box = document.createElement('div');
      failed = box;
      box.className = 'failed';
      box.dataset.position = options.position;
      box.setAttribute('role', 'alert');
      const text = document.createElement('p');
      text.textContent = `${words.failed} ${reason}`;
      const again = document.createElement('button');
      again.type = 'button';
      again.textContent = words.retry;
      again.addEventListener('click', () => {
        box.remove();
        button.focus();
        retry();
      });
      box.append(text, again);
      root.append(box);
    },
  };
}

function icon(name: keyof typeof icons): SVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  svg.classList.add(name);
  svg.setAttribute('viewBox', '0 0 20 20');
  svg.setAttribute('aria-hidden', 'true');
  path.setAttribute('d', icons[name]);
  svg.append(path);
  return svg;
}
