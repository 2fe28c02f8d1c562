import { h, render } from 'preact';
import { awaitCalls } from '../attention/await-calls.ts';
import { browserAttention } from '../attention/browser.ts';
import type { Notifier } from '../attention/notifier.ts';
import type { AttentionPort } from '../attention/port.ts';
import { isOpenRequest } from '../attention/worker-messages.ts';
import { browserEnv } from '../client/browser-env.ts';
import type { Env } from '../client/env.ts';
import { loadTexts } from '../i18n/load.ts';
import type { RoomRequest } from '../store/actions.ts';
import { createStore } from '../store/store.ts';
import { adoptStyles } from '../styles/index.ts';
import { loadInside } from '../view/door.tsx';
import type { WidgetOptions } from '../view/options.ts';
import { Widget } from '../view/widget.tsx';
import { onAddressChange } from './address.ts';
import { reportIn } from './fragment.ts';
import type { EmbedOptions } from './options.ts';
import type { Panel, PanelHost } from './panel-contract.ts';
import { shieldKeys } from './shield.ts';
import { hostUser } from './user.ts';

export interface StartOptions extends PanelHost {
  readonly mode: WidgetOptions['mode'];
  /** What the widget takes from the browser, where that is not the page's own: the frame, the extension. */
  readonly env?: Env;
  /** In the place of the page's notifications: the extension's. */
  readonly attention?: { readonly port: AttentionPort; readonly notifier: Notifier };
  /** The service worker's scope; null: the worker's own folder. */
  readonly scope?: string | null;
  /** Shows the number of unread messages somewhere else, too. */
  readonly onUnread?: (count: number) => void;
  /** A report that a moderator is to look at; else the one that the page's address names. */
  readonly report?: string | null;
  /** The page is nothing but the chat: its title counts also while somebody looks. */
  readonly ownPage?: boolean;
}

/** The chat in a root: store, views, and what calls the person. The one place that knows all parts of the widget. */
export async function startChat(given: StartOptions): Promise<Panel> {
  const { root, options, mode, launcher, tell, scope = null, ownPage = false } = given;
  const { app, server } = options;
  const env = given.env ?? browserEnv();

  const wanted = [options.locale, document.documentElement.lang, ...navigator.languages];
  const t = await loadTexts(wanted.filter((locale): locale is string => !!locale));
  shieldKeys(root);
  adoptStyles(root, options.theme);

  let registered: Promise<ServiceWorkerRegistration | null> | null = null;
  const registration = () => {
    const { worker } = options;
    if (worker === null) return Promise.resolve(null);
    if (registered === null) {
      registered = import('../attention/registration.ts').then(
        ({ registerWorker }) => registerWorker(worker, scope),
        () => {
          registered = null; // the next call tries again
          return null;
        },
      );
    }
    return registered;
  };
  const show = (conversation: string | null) => {
    store.actions.open();
    if (conversation !== null) store.actions.openConversation(conversation);
  };
  const port = given.attention?.port ?? browserAttention(registration, options.worker !== null);
  const user = hostUser(options.user);
  const room = roomOf(options.room);
  const store = createStore({ app, server, room, user, attention: port, loadPerson: loadInside, env });
  const box = document.createElement('div');
  box.style.display = 'contents';
  root.append(box);
  const view: WidgetOptions = {
    mode,
    side: options.position,
    launcher,
    apiOrigin: new URL(server).origin,
  };
  // There, it is open from the beginning: the keyboard stays where it is.
  if (ownPage) store.actions.open();
  render(h(Widget, { store, t, options: view, theme: options.theme }), box);

  const stopCalling = awaitCalls({
    store,
    app,
    locale: t.locale,
    icon: `${server}/chat/icon-192.png`,
    leads: store.leads,
    notifier: given.attention?.notifier,
    registration,
    onClick: (data) => show(data.conversation),
    ownPage,
  });

  const tellUnread = (count: number) => {
    tell({ type: 'unread', value: count });
    given.onUnread?.(count);
  };
  tellUnread(0);
  const report = given.report ?? reportIn(location.hash);
  if (report !== null) {
    store.actions.open();
    void store.actions.openReport(report);
  }
  let { layout, session, unread } = store.state;
  const stopTelling = store.subscribe(() => {
    const { state } = store;
    if (state.layout.open !== layout.open) tell({ type: 'open', value: state.layout.open });
    if (personOf(state.session) !== personOf(session)) {
      const me = state.session.phase === 'in' ? state.session.me : null;
      tell({ type: 'person', value: me === null ? null : { id: me.id, name: me.name } });
    }
    if (state.unread !== unread) tellUnread(state.unread);
    ({ layout, session, unread } = state);
  });
  const stopFollowing = options.room === 'page' ? followAddress() : () => {};
  const stopHearing = hearWorker(app, show);
  store.start();

  /** Where people go on to another page without loading it, they go on to its room. */
  function followAddress(): () => void {
    return onAddressChange(() => {
      if (store.state.session.phase === 'in') void store.actions.enterRoom({ kind: 'page' });
    });
  }

  return {
    run({ name, value }) {
      const { actions } = store;
      switch (name) {
        case 'open':
          return actions.open();
        case 'close':
          return actions.close();
        case 'sign-out':
          return void actions.signOut();
        case 'user':
          return store.identify(hostUser(value));
        case 'room': {
          const room = roomOf(value);
          actions.open();
          return room === null ? undefined : void actions.enterRoom(room);
        }
        case 'conversation':
          return show(value);
      }
    },
    stop() {
      for (const stop of [stopHearing, stopFollowing, stopTelling, stopCalling, store.stop]) stop();
      render(null, box);
      box.remove();
    },
  };
}

function roomOf(room: EmbedOptions['room']): RoomRequest | null {
  if (room === 'none') return null;
  if (typeof room === 'string') return { kind: room };
  return 'token' in room ? { kind: 'signed', token: room.token } : { kind: 'named', name: room.name };
}

function personOf(session: { readonly phase: string; readonly me?: { readonly id: string } }): string | null {
  return session.me?.id ?? null;
}

/** A click on one of the worker's notifications: whoever shows this app's chat says so, and opens the conversation. */
function hearWorker(app: string, show: (conversation: string | null) => void): () => void {
  const container = navigator.serviceWorker as ServiceWorkerContainer | undefined;
  const hear = ({ data, ports }: MessageEvent) => {
    if (!isOpenRequest(data) || data.app !== app) return;
    ports[0]?.postMessage(true);
    show(data.conversation);
  };
  container?.addEventListener('message', hear);
  return () => container?.removeEventListener('message', hear);
}
