import type { VNode } from 'preact';
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Translator } from '../i18n/translate.ts';
import type { Store } from '../store/actions.ts';
import { adopt, type Theme } from '../styles/adopt.ts';
import { applyAccent } from './accent.ts';
import { type Fixed, FixedContext, StateContext } from './context.ts';
import { inside } from './door.tsx';
import { activeIn, useBefore, useMedia } from './hooks.ts';
import { Notices } from './notices.tsx';
import type { WidgetOptions } from './options.ts';
import { Panels } from './panels.tsx';

const Announcer = inside(({ announcer }) => announcer);

export interface WidgetProps {
  readonly store: Store;
  readonly t: Translator;
  readonly options: WidgetOptions;
  /** As given to `adoptStyles`, for the style sheets that come later. */
  readonly theme?: Theme;
}

/** Where a panel fills the screen. */
const narrowQuery = '(max-width: 40rem), (max-height: 26rem) and (max-width: 60rem)';

/** Everything that a person sees of the chat: a function of the store's state. */
export function Widget({ store, t, options, theme = 'auto' }: WidgetProps) {
  const [state, setState] = useState(store.state);
  const [popover, pop] = useState<VNode | null>(null);
  const box = useRef<HTMLDivElement>(null);
  /** Of chunks that another widget on the page has loaded already. */
  const early = useRef<string[]>([]);
  const narrow = useMedia(narrowQuery) && options.mode !== 'inline';
  const fixed = useMemo<Fixed>(
    () => ({
      actions: store.actions,
      t,
      options,
      pop,
      adopt: (css) => {
        if (box.current === null) early.current.push(css);
        else adopt(box.current.getRootNode() as ShadowRoot | Document, css, theme);
      },
    }),
    [store, t, options, theme],
  );

  useLayoutEffect(() => {
    for (const css of early.current.splice(0)) fixed.adopt(css);
  }, [fixed]);
  useLayoutEffect(() => {
    setState(store.state);
    return store.subscribe(() => setState(store.state));
  }, [store]);
  useLayoutEffect(() => applyAccent(box.current as HTMLElement), []);
  const entered = state.session.phase === 'in';

  const { open } = state.layout;
  const opened = useBefore(open);
  useLayoutEffect(() => {
    // Only what happens while the page is in use moves the keyboard: never a widget that was open before a reload.
    if (opened === undefined || opened === open || box.current === null) return;
    if (!open) options.launcher?.focus();
    else if (!box.current.contains(activeIn(box.current))) focusFirst(box.current);
  }, [open]);

  const classes = [
    'earshot',
    `mode-${options.mode}`,
    `side-${options.side}`,
    narrow ? 'is-narrow' : 'is-wide',
  ];
  if (options.launcher !== null) classes.push('has-launcher');
  return (
    <FixedContext.Provider value={fixed}>
      <StateContext.Provider value={state}>
        <div class={classes.join(' ')} part="widget" lang={t.locale} dir={t.dir} ref={box}>
          {(open || options.mode !== 'corner') && <Panels narrow={narrow} />}
          {popover !== null && <section aria-label={t('chat')}>{popover}</section>}
          <Notices />
          {entered && <Announcer />}
        </div>
      </StateContext.Provider>
    </FixedContext.Provider>
  );
}

/** The input that the view is about, else the panel. */
function focusFirst(box: HTMLElement): void {
  const input = box.querySelector<HTMLElement>('[data-autofocus]');
  (input ?? box.querySelector<HTMLElement>('.panel'))?.focus({ preventScroll: true });
}
