import type { Broadcast, Env, KeyValues, Page, PageEvent } from './env.ts';

/** The real thing. Making it touches nothing: no listener, no storage, no request. */
export function browserEnv(): Env {
  return {
    now: () => Date.now(),
    random: () => Math.random(),
    randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
    after(ms, task) {
      const timer = setTimeout(task, ms);
      return { cancel: () => clearTimeout(timer) };
    },
    idle(task) {
      if (typeof requestIdleCallback !== 'function') return this.after(200, task);
      const handle = requestIdleCallback(() => task(), { timeout: 2_000 });
      return { cancel: () => cancelIdleCallback(handle) };
    },
    fetch: (url, init) => fetch(url, init),
    upload(url, headers, file, progress, done) {
      const request = new XMLHttpRequest();
      request.open('POST', url);
      for (const name of Object.keys(headers)) request.setRequestHeader(name, headers[name] ?? '');
      request.upload.onprogress = ({ loaded, total }) => progress(total > 0 ? loaded / total : 0);
      request.onloadend = () => done(request.status, request.responseText);
      request.send(file);
      return () => request.abort();
    },
    sha256: (text) => globalThis.crypto.subtle?.digest('SHA-256', new TextEncoder().encode(text)) ?? null,
    local: () => storage('localStorage'),
    tab: () => storage('sessionStorage'),
    locks: (navigator.locks as Env['locks'] | undefined) ?? null,
    broadcast: (name) =>
      typeof BroadcastChannel === 'function' ? (new BroadcastChannel(name) as unknown as Broadcast) : null,
    page: browserPage(),
  };
}

/** Already asking for it throws where storage is forbidden. */
function storage(kind: 'localStorage' | 'sessionStorage'): KeyValues | null {
  try {
    return window[kind];
  } catch {
    return null; // the caller goes on without
  }
}

const sources: Record<PageEvent, (listener: () => void) => () => void> = {
  seen: (listener) => {
    const changed = () => {
      if (document.visibilityState === 'visible') listener();
    };
    return all(hear(document, 'visibilitychange', changed), hear(window, 'focus', changed));
  },
  unseen: (listener) => {
    const changed = () => {
      if (document.visibilityState !== 'visible' || !document.hasFocus()) listener();
    };
    return all(hear(document, 'visibilitychange', changed), hear(window, 'blur', changed));
  },
  online: (listener) => hear(window, 'online', listener),
  offline: (listener) => hear(window, 'offline', listener),
  gone: (listener) => hear(window, 'pagehide', listener),
  // The first one belongs to loading; only a page that comes out of the browser's cache had gone.
  back: (listener) =>
    hear(window, 'pageshow', (event) => {
      if ((event as PageTransitionEvent).persisted) listener();
    }),
};

function browserPage(): Page {
  /** Addresses that the page's policy refused; known from the first request on. */
  let refused: Set<string> | null = null;
  return {
    origin: location.origin,
    address() {
      const canonical = document.querySelector<HTMLLinkElement>('link[rel~="canonical"]')?.href;
      const [address = ''] = (canonical || location.href).split('#');
      return address;
    },
    visible: () => document.visibilityState === 'visible',
    focused: () => document.visibilityState === 'visible' && document.hasFocus(),
    online: () => navigator.onLine !== false,
    on: (event, listener) => sources[event](listener),
    blocked(url) {
      if (refused === null) {
        const addresses = new Set<string>();
        refused = addresses;
        hear(document, 'securitypolicyviolation', (event) => {
          addresses.add((event as SecurityPolicyViolationEvent).blockedURI.split('?')[0] ?? '');
        });
      }
      return refused.has(url.split('?')[0] ?? '');
    },
    openWindow: (url) => window.open(url, '_blank', 'popup,width=480,height=680'),
    onMessage: (listener) => hear(window, 'message', (event) => listener(event as MessageEvent)),
    preview: (file) =>
      /^image\/(png|jpeg|gif|webp|avif)$/.test(file.type) ? URL.createObjectURL(file) : null,
    dropPreview: (url) => URL.revokeObjectURL(url),
    save(name, content) {
      const link = document.createElement('a');
      link.href = URL.createObjectURL(content);
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    },
  };
}

function hear(target: EventTarget, event: string, listener: (event: Event) => void): () => void {
  target.addEventListener(event, listener);
  return () => target.removeEventListener(event, listener);
}

function all(...stops: readonly (() => void)[]): () => void {
  return () => {
    for (const stop of stops) stop();
  };
}
