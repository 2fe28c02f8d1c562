/** What the bookmark runs on the page it is clicked on. The server puts in its address and the app's key. */
declare const earshotServer: string;
declare const earshotApp: string;

interface Page {
  Earshot?: { (...call: unknown[]): void; loaded?: true };
  trustedTypes?: { createPolicy(name: string, rules: object): { createScriptURL(url: string): string } };
}

/** How long the script has until the person is told that nothing comes. */
const patienceMs = 10_000;

function put(): void {
  const page = window as unknown as Page;
  // Once more on the same page: the chat that is there opens again.
  if (page.Earshot?.loaded) {
    page.Earshot('open');
    return;
  }
  const path = `${earshotServer}/widget.js`;
  const timer = setTimeout(
    () => say('The chat does not answer. Check that its server can be reached.'),
    patienceMs,
  );
  const forbidden = () => {
    clearTimeout(timer);
    say('This page’s security policy lets no chat in. The browser extension works here, too.');
  };
  document.addEventListener('securitypolicyviolation', ({ blockedURI }) => {
    if (blockedURI.startsWith(new URL(earshotServer).origin)) forbidden();
  });
  const script = document.createElement('script');
  script.dataset.app = earshotApp;
  script.dataset.room = 'page';
  script.dataset.open = '';
  script.addEventListener('load', () => clearTimeout(timer));
  script.addEventListener('error', () => {
    clearTimeout(timer);
    // A policy's violation is told a moment later, and says it better.
    setTimeout(() => {
      if (said === null) say('The chat could not be loaded. Check that its server can be reached.');
    }, 300);
  });
  try {
    const policy = page.trustedTypes?.createPolicy('earshot-bookmarklet', { createScriptURL: () => path });
    script.src = policy?.createScriptURL(path) ?? path;
  } catch {
    forbidden();
    return;
  }
  document.head.append(script);
}

let said: HTMLElement | null = null;

function say(text: string): void {
  said?.remove();
  const box = document.createElement('div');
  said = box;
  box.role = 'alert';
  box.textContent = text;
  Object.assign(box.style, {
    all: 'initial',
    position: 'fixed',
    insetBlockEnd: '20px',
    insetInlineEnd: '20px',
    zIndex: '2147483000',
    maxInlineSize: '320px',
    padding: '12px 16px',
    borderRadius: '14px',
    background: '#1a1816',
    color: '#faf9f7',
    font: '400 14px/1.5 system-ui, sans-serif',
    cursor: 'pointer',
  });
  box.addEventListener('click', () => box.remove());
  document.body.append(box);
  setTimeout(() => box.remove(), 12_000);
}

put();
