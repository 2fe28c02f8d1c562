import type { ComponentChildren } from 'preact';
import { CopyButton } from './copy-button.tsx';

export interface CodeBlockProps {
  /** What is shown. */
  code: string;
  /** What is copied when that differs, as with a secret shown as dots. */
  copied?: string;
  /** Names the block for assistive technology and for the copy button: "the curl line". */
  what: string;
  /** Left of the copy button: a file name, a validity. */
  caption: ComponentChildren;
  /** Breaks long lines instead of scrolling. */
  wrap?: boolean;
}

/** Code to read and to copy. It scrolls by keyboard, too, hence the tabindex. */
export function CodeBlock({ code, copied = code, what, caption, wrap = false }: CodeBlockProps) {
  return (
    <div class={wrap ? 'code code-wrap' : 'code'}>
      <div class="code-bar">
        <span>{caption}</span>
        <CopyButton text={copied} what={what} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard. */}
      <section class="code-text" tabIndex={0} aria-label={what}>
        <pre>
          <code>{highlight(code)}</code>
        </pre>
      </section>
    </div>
  );
}

// Strings and whole-line comments are alike enough in the languages that we show.
const marks = /('(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`)|((?<=^|\s)(?:\/\/|#)[^\n]*)/gm;

function highlight(code: string): ComponentChildren[] {
  const parts: ComponentChildren[] = [];
  let end = 0;
  for (const found of code.matchAll(marks)) {
    parts.push(code.slice(end, found.index));
    parts.push(<span class={found[1] ? 'code-string' : 'code-comment'}>{found[0]}</span>);
    end = found.index + found[0].length;
  }
  parts.push(code.slice(end));
  return parts;
}
