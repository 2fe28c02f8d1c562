/** Marks the widget's element, for everybody: also for the extension, whose scripts share nothing but the document. */
export const hostMark = 'data-earshot';

/** A sheet that needs no exception from a Content-Security-Policy. */
export function sheetOf(css: string): CSSStyleSheet {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  return sheet;
}

/** Gives `node` a shadow root with a sheet of its own. */
export function openRoot(node: HTMLElement, css: string, mode: ShadowRootMode = 'open'): ShadowRoot {
  const root = node.shadowRoot ?? node.attachShadow({ mode });
  root.adoptedStyleSheets = [sheetOf(css)];
  return root;
}

/**
 * Keeps `node` in the body, also where a page replaces its body or what is in it when people go on to the next one (Turbo,
 * Astro, frameworks that render the whole document).
 * @returns how to let it go
 */
export function keepInBody(node: HTMLElement): () => void {
  let body: HTMLElement | null = null;
  const put = () => {
    if (document.body !== body) {
      body = document.body;
      observer.disconnect();
      observer.observe(document.documentElement, { childList: true });
      if (body !== null) observer.observe(body, { childList: true });
    }
    if (body !== null && node.parentNode !== body) body.append(node);
  };
  const observer = new MutationObserver(put);
  if (document.body === null) observer.observe(document.documentElement, { childList: true });
  put();
  return () => {
    observer.disconnect();
    node.remove();
  };
}
