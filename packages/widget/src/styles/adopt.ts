/** Light or dark as the reader's system is, or as the host wants it. */
export type Theme = 'auto' | 'light' | 'dark';

const sheets = new Map<string, CSSStyleSheet>();

/**
 * Adds a style sheet to a shadow root (or document), once. Adopted sheets need no exception in any
 * Content-Security-Policy.
 */
export function adopt(root: ShadowRoot | Document, css: string, theme: Theme = 'auto'): void {
  const text =
    theme === 'auto'
      ? css
      : css
          .replace(/\(prefers-color-scheme: ?dark\)/g, theme === 'dark' ? 'all' : 'not all')
          .replaceAll('light dark', theme);
  let sheet = sheets.get(text);
  if (sheet === undefined) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    sheets.set(text, sheet);
  }
  if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
}

/**
 * Makes `--unit` a length: what `rem` would be on a page that leaves the size of its root element alone. Hosts that set
 * it to 62.5 % do not shrink the widget; a reader who has larger text has it here, too.
 */
export function registerUnit(): void {
  try {
    CSS.registerProperty({
      name: '--earshot-unit',
      syntax: '<length>',
      inherits: true,
      initialValue: '16px',
    });
  } catch {
    // Registered already, or a browser without it: then it counts from the element it is used on, which is near enough.
  }
}
