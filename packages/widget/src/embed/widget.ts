import { conversationIn } from './fragment.ts';
import { hostMark, openRoot } from './host.ts';
import { createLauncher } from './launcher.ts';
import { launcherStyle } from './launcher-style.ts';
import type { EmbedOptions } from './options.ts';
import type { Panel, PanelCommand, PanelModule, Told } from './panel-contract.ts';
import { launcherWords } from './words.ts';

export interface WidgetParts {
  readonly options: EmbedOptions;
  /** Loads the panel; each call tries anew. */
  readonly load: () => Promise<PanelModule>;
  /** `closed` where the page is not trusted with what is said: the extension. */
  readonly rootMode?: ShadowRootMode;
  /** Whether somebody has chatted here before. */
  readonly isKnown?: (app: string) => boolean;
}

/** A widget on a page. */
export interface Widget {
  open(): void;
  close(): void;
  toggle(): void;
  /** Carries it out as soon as there is a panel, which it brings about. */
  run(command: PanelCommand): void;
  /**
   * @param event `open` and `unread` hold a boolean and a number, `person` who is signed in (`{ id, name }`) or null
   * @returns how to stop hearing
   */
  on(event: Told['type'], listener: (value: unknown) => void): () => void;
  /** Takes it away; its node stays. */
  stop(): void;
}

/**
 * The launcher, and the panel once somebody wants it. Until then there is no request, no socket, nothing stored, and
 * nothing of the page moves. For a person who is known the panel comes when the page is idle, so that they are reached.
 *
 * @param node an element of the widget's own; it becomes the host of its shadow root
 */
export function createWidget(node: HTMLElement, parts: WidgetParts): Widget {
  const { options } = parts;
  const listeners = new Map<string, Set<(value: unknown) => void>>();
  let loading = false;
  let panel: Panel | null = null;
  let waiting: PanelCommand[] = [];
  let isOpen = false;
  let stopped = false;

  node.setAttribute(hostMark, options.app);
  if (options.accent !== null && CSS.supports('color', options.accent)) {
    node.style.setProperty('--earshot-accent', options.accent);
  }
  if (options.theme !== 'auto') node.style.colorScheme = options.theme;
  const root = openRoot(node, launcherStyle, parts.rootMode);
  const locale = options.locale ?? (document.documentElement.lang || navigator.language);
  const launcher = createLauncher(root, options, launcherWords(locale), () => widget.toggle());

  const told = ({ type, value }: Told) => {
    if (type === 'open') {
      isOpen = value;
      launcher.setOpen(value);
    }
    if (type === 'unread') launcher.setUnread(value);
    for (const listener of listeners.get(type) ?? []) {
      try {
        listener(value);
      } catch (error) {
        reportError(error); // the page's own
      }
    }
  };

  const load = async () => {
    if (panel !== null || loading || stopped) return;
    loading = true;
    launcher.setBusy(true);
    let blocked = false;
    const onViolation = ({ blockedURI }: SecurityPolicyViolationEvent) => {
      if (blockedURI.startsWith(new URL(options.server).origin)) blocked = true;
    };
    document.addEventListener('securitypolicyviolation', onViolation);
    try {
      const { start } = await parts.load();
      const started = await start({ root, options, launcher: launcher.button, tell: told });
      if (stopped) {
        started.stop();
        return;
      }
      panel = started;
      for (const command of waiting.splice(0)) panel.run(command);
    } catch (error) {
      console.error('Earshot: the chat could not be loaded.', error);
      // Nobody has asked for it yet where it was loaded ahead.
      if (waiting.length > 0) launcher.fail(blocked ? '(Content-Security-Policy)' : '', load);
    } finally {
      loading = false;
      launcher.setBusy(false);
      document.removeEventListener('securitypolicyviolation', onViolation);
    }
  };

  const widget: Widget = {
    open: () => widget.run({ name: 'open' }),
    close() {
      if (panel === null) waiting = waiting.filter(({ name }) => name !== 'open');
      else panel.run({ name: 'close' });
    },
    toggle: () => (isOpen ? widget.close() : widget.open()),
    run(command) {
      if (stopped) return;
      if (panel !== null) panel.run(command);
      else {
        waiting.push(command);
        void load();
      }
    },
    on(event, listener) {
      const those = listeners.get(event) ?? new Set();
      listeners.set(event, those.add(listener));
      return () => those.delete(listener);
    },
    stop() {
      stopped = true;
      panel?.stop();
      root.replaceChildren();
      node.removeAttribute(hostMark);
    },
  };

  const conversation = conversationIn(location.hash);
  if (conversation !== null) widget.run({ name: 'conversation', value: conversation });
  else if (options.open) widget.open();
  else if (options.user !== null || (parts.isKnown ?? wasHere)(options.app)) whenIdle(load);
  return widget;
}

/** As `client/kept.ts` keeps it. */
function wasHere(app: string): boolean {
  try {
    return localStorage.getItem(`earshot-session-${app}`) !== null;
  } catch {
    return false; // already asking throws where a page forbids it
  }
}

/** When the page has nothing else to do. */
function whenIdle(work: () => void): void {
  const idle = () => {
    if ('requestIdleCallback' in window) requestIdleCallback(work, { timeout: 5_000 });
    else setTimeout(work, 1_000);
  };
  if (document.readyState === 'complete') idle();
  else addEventListener('load', idle, { once: true });
}
