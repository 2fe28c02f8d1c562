import { useEffect, useRef, useState } from 'preact/hooks';
import { useT } from './context.ts';
import { LiveIcon } from './icons.tsx';

const thanksMs = 2_500;

/** Copies the room's address, key and all. */
export function CopyLink({ primary = false }: { primary?: boolean }) {
  const t = useT();
  const [outcome, setOutcome] = useState<'' | 'linkCopied' | 'copyFailed'>('');
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);

  const copy = async () => {
    setOutcome((await copyText(location.href)) ? 'linkCopied' : 'copyFailed');
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setOutcome(''), thanksMs);
  };
  const word = outcome === '' ? t('copyLink') : t(outcome);
  return (
    <>
      <button
        type="button"
        class={primary ? 'button button-primary' : 'control'}
        title={t('copyLink')}
        onClick={copy}
      >
        <LiveIcon name={outcome === 'linkCopied' ? 'check' : 'link'} />
        {primary ? word : <span class="control-word">{word}</span>}
      </button>
      <span class="visually-hidden" role="status">
        {outcome === '' ? '' : t(outcome)}
      </span>
    </>
  );
}

/** @returns false when the browser does not let us */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // There is no clipboard on a plain http page, or it was refused: the old way may still work.
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
}
