/** This page is in view and has the keyboard. */
export const isLookedAt = (): boolean => document.visibilityState === 'visible' && document.hasFocus();

/** Whether somebody looks at a page that holds the chat. */
export interface Looking {
  /** This page. */
  here(): boolean;
  /** Any page of this origin with this app's chat, in any tab. */
  anywhere(): Promise<boolean>;
  stop(): void;
}

/**
 * A page in view holds a shared lock; whoever is about to call asks whether it is held. A page that crashed holds nothing.
 * @param changed somebody began or ceased to look here
 */
export function watchLooking(app: string, changed: () => void): Looking {
  const name = `earshot-looking-${app}`;
  const locks = navigator.locks as LockManager | undefined;
  const stopped = new AbortController();
  let letGo: (() => void) | null = null;

  const update = () => {
    if (!isLookedAt()) {
      letGo?.();
      letGo = null;
    } else if (letGo === null) {
      const held = new Promise<void>((resolve) => {
        letGo = resolve;
      });
      locks?.request(name, { mode: 'shared' }, () => held).catch(() => {});
    }
    changed();
  };
  const { signal } = stopped;
  for (const type of ['focus', 'blur', 'pagehide', 'pageshow']) addEventListener(type, update, { signal });
  document.addEventListener('visibilitychange', update, { signal });
  update();

  return {
    here: isLookedAt,
    async anywhere() {
      if (isLookedAt()) return true;
      const held = (await locks?.query())?.held ?? [];
      return held.some((lock) => lock.name === name);
    },
    stop() {
      stopped.abort();
      letGo?.();
    },
  };
}
