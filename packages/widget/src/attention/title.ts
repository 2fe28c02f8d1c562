const counted = /^\(\d+\+?\) /;

/** The number of unread messages before the page's title. */
export interface TitleCount {
  set(count: number): void;
  /** What `isShown` says may have changed. */
  refresh(): void;
  stop(): void;
}

/**
 * The page may go on to change its title; what it says is kept.
 * @param isShown while nobody looks at the page; always on a page that is nothing but the chat
 */
export function countInTitle(isShown: () => boolean): TitleCount {
  let count = 0;
  const write = () => {
    const title = document.title.replace(counted, '');
    const wanted = count > 0 && isShown() ? `(${count > 99 ? '99+' : count}) ${title}` : title;
    if (document.title !== wanted) document.title = wanted;
  };
  const observer = new MutationObserver(write);
  observer.observe(document.head, { childList: true, subtree: true, characterData: true });
  return {
    set(unread) {
      count = unread;
      write();
    },
    refresh: write,
    stop() {
      observer.disconnect();
      count = 0;
      write();
    },
  };
}
