import { Mark } from '@earshot/ui';
import { useEffect, useRef } from 'preact/hooks';
import { otherPages } from '../pages.ts';
import { Glyph } from '../parts/glyph.tsx';
import { AppFrame } from './app-frame.tsx';
import { usePlace } from './desk.ts';
import { LazyPage } from './lazy-page.tsx';
import { DeskLink } from './link.tsx';
import { Nowhere } from './nowhere.tsx';
import { Rail } from './rail.tsx';
import { Strip } from './strip.tsx';

/** What stands around every page: the skip link, the rail of apps, the strip. */
export function Frame() {
  const { path } = usePlace();
  const main = useRef<HTMLElement>(null);
  const drawer = useRef<HTMLDialogElement>(null);
  const [, , appId] = path.split('/');
  const other = otherPages.find((page) => page.path === path);

  useArrival(path, main.current);
  useEffect(() => drawer.current?.close(), [path]);

  return (
    <div class="desk">
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <aside class="desk-rail" aria-label="Apps and account">
        <Rail />
      </aside>
      <div class="desk-body">
        <header class="desk-bar">
          <button
            type="button"
            class="button button-plain icon-button"
            aria-label="Apps and account"
            onClick={() => drawer.current?.showModal()}
          >
            <Glyph name="menu" />
          </button>
          <DeskLink class="brand" to="/">
            <Mark />
            Earshot
          </DeskLink>
        </header>
        <dialog class="drawer" ref={drawer} aria-label="Apps and account">
          <form method="dialog" class="drawer-close">
            <button type="submit" class="button button-plain icon-button" aria-label="Close">
              <Glyph name="close" />
            </button>
          </form>
          <Rail />
        </dialog>
        <Strip />
        <main id="main" class="desk-main" tabIndex={-1} ref={main}>
          {other ? (
            <LazyPage key={other.path} title={other.title} load={other.load} props={{}} />
          ) : path.startsWith('/apps/') && appId !== undefined ? (
            <AppFrame key={appId} id={decodeURIComponent(appId)} />
          ) : (
            <Nowhere />
          )}
        </main>
      </div>
    </div>
  );
}

/** Another page is told to a screen reader by moving the focus to its beginning, as a loaded page would. */
function useArrival(path: string, main: HTMLElement | null): void {
  const before = useRef(path);
  useEffect(() => {
    if (before.current === path) return;
    before.current = path;
    main?.focus({ preventScroll: true });
  }, [path, main]);
}
