import { useEffect, useRef, useState } from 'preact/hooks';

const thanksMs = 2000;

/**
 * Copies `text`, then says so for two seconds, to the eye and to a screen reader. `what` names it for
 * those who do not see what stands beside the button. A text that is costly to put together is a function, called when
 * it is copied.
 */
export function CopyButton({ text, what }: { text: string | (() => string); what: string }) {
  const [outcome, setOutcome] = useState<'' | 'Copied' | 'Select to copy'>('');
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);

  const copy = async () => {
    setOutcome((await copyText(typeof text === 'string' ? text : text())) ? 'Copied' : 'Select to copy');
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setOutcome(''), thanksMs);
  };

  return (
    <>
      <button type="button" class="button button-plain copy" onClick={copy}>
        <span class="copy-word" data-shown={outcome === ''}>
          Copy<span class="visually-hidden"> {what}</span>
        </span>
        <span class="copy-word" data-shown={outcome !== ''} aria-hidden="true">
          {outcome}
        </span>
      </button>
      <span class="visually-hidden" role="status">
        {outcome}
      </span>
    </>
  );
}

/** Puts `text` on the clipboard; false when the browser does not let us. */
async function copyText(text: string): Promise<boolean> {
  if (navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Refused by a permission or for want of focus: the old way may still work.
    }
  }
  return copyBySelection(text);
}

/** The clipboard interface exists on https and localhost only; a page on http in a local network has this. */
function copyBySelection(text: string): boolean {
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'visually-hidden';
  area.readOnly = true;
  const focused = document.activeElement;
  document.body.append(area);
  area.select();
  const copied = document.execCommand('copy');
  area.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return copied;
}
