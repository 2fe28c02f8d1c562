import { h, render } from 'preact';
import { loadTexts } from '../src/i18n/load.ts';
import type { Actions, Store } from '../src/store/actions.ts';
import type { WidgetState } from '../src/store/state.ts';
import { adoptStyles, type Theme } from '../src/styles/index.ts';
import { Widget } from '../src/view/widget.tsx';
import { states } from './states.ts';

/**
 * Shows one state: `?state=home&lang=ar&theme=dark&accent=%23ffcc00`. What is done is kept in `window.gallery.done`, and the
 * state can be set from outside by `window.gallery.set`.
 */
const query = new URLSearchParams(location.search);
const name = query.get('state') ?? 'home';
const shown = states[name];
if (shown === undefined)
  throw new Error(`There is no state ${name}. There are: ${Object.keys(states).join(', ')}`);

// Readers who want larger text, as far as a page can stand in for them.
document.documentElement.style.fontSize = query.get('root') ?? '';

const listeners = new Set<() => void>();
const done: unknown[][] = [];
let current: WidgetState = shown.state();
const set = (next: Partial<WidgetState>) => {
  current = { ...current, ...next };
  for (const listener of listeners) listener();
};

/** Keeps what is done; drafts and what is open change as they would. */
const actions = new Proxy({} as Actions, {
  get:
    (_, action: string) =>
    (...args: unknown[]) => {
      done.push([action, ...args]);
      const { layout, conversations } = current;
      const id = args[0] as string;
      if (action === 'setDraft') {
        const found = conversations.get(id);
        if (found)
          set({
            conversations: new Map(conversations).set(id, {
              ...found,
              draft: { ...found.draft, text: args[1] as string },
            }),
          });
      }
      if (action === 'show') set({ layout: { ...layout, view: id as 'home' } });
      if (action === 'close') set({ layout: { ...layout, open: false } });
      if (action === 'open') set({ layout: { ...layout, open: true } });
      if (action === 'lowerConversation' || action === 'raiseConversation') {
        const lowered = action === 'lowerConversation';
        set({
          layout: {
            ...layout,
            panels: layout.panels.map((panel) => (panel.conversation === id ? { ...panel, lowered } : panel)),
          },
        });
      }
      if (action === 'closeConversation') {
        set({
          layout: { ...layout, panels: layout.panels.filter(({ conversation }) => conversation !== id) },
        });
      }
      if (action === 'openConversation') {
        const rest = layout.panels.filter(({ conversation }) => conversation !== id);
        set({
          layout: {
            open: true,
            view: { conversation: id },
            panels: [{ conversation: id, lowered: false }, ...rest],
            focused: id,
          },
        });
      }
      return Promise.resolve();
    },
});
const store: Store = {
  get state() {
    return current;
  },
  subscribe(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  actions,
};

const host = document.createElement('div');
const mode = shown.mode ?? 'corner';
host.className = mode;
const accent = query.get('accent');
if (accent !== null) host.style.setProperty('--earshot-accent', accent);
document.querySelector('#place')?.append(host);
const root = host.attachShadow({ mode: 'open' });
const theme = (query.get('theme') ?? 'auto') as Theme;
adoptStyles(root, theme);
const box = document.createElement('div');
box.className = 'box';
root.append(box);

let launcher: HTMLButtonElement | null = null;
if (mode === 'corner') {
  launcher = document.createElement('button');
  launcher.textContent = '◗';
  launcher.setAttribute('aria-label', 'Close chat');
  launcher.setAttribute('aria-expanded', 'true');
  launcher.className = 'gallery-launcher';
  root.prepend(launcher);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(
    `.gallery-launcher{position:fixed;inset-block-end:20px;inset-inline-end:20px;inline-size:56px;block-size:56px;border:0;border-radius:50%;background:var(--earshot-accent,#4a3fd1);color:#fff;font-size:24px}
     @media (max-width:40rem){.gallery-launcher{display:none}}`,
  );
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
} else if (mode === 'inline') box.classList.add('mode-inline');

const t = await loadTexts([query.get('lang') ?? 'en']);
document.documentElement.dir = t.dir;
render(
  h(Widget, {
    store,
    t,
    theme,
    options: { mode, side: 'end', launcher, apiOrigin: location.origin },
  }),
  box,
);

Object.assign(globalThis, { gallery: { done, set, state: () => current, root, press: shown.press ?? [] } });
document.documentElement.dataset.ready = '';
