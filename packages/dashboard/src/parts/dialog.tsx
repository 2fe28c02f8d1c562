import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { ApiFailure } from '../client/api.ts';
import { TextField } from './field.tsx';
import { Glyph } from './glyph.tsx';

export interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
  /** For tables and code. */
  readonly wide?: boolean;
}

/** A dialog while it is rendered. Escape, the cross and a press beside it close it; the focus goes back where it was. */
export function Dialog({ title, onClose, children, wide = false }: DialogProps) {
  const box = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const before = document.activeElement;
    box.current?.showModal();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  const onPress = (event: MouseEvent) => {
    if (event.target === box.current) onClose();
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: by keyboard, Escape does it.
    <dialog
      class={wide ? 'dialog dialog-wide' : 'dialog'}
      ref={box}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={onPress}
    >
      <div class="dialog-inner">
        <header class="dialog-head">
          <h2 id={titleId}>{title}</h2>
          <button type="button" class="button button-plain icon-button" aria-label="Close" onClick={onClose}>
            <Glyph name="close" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}

export interface ConfirmProps {
  readonly title: string;
  readonly children: ComponentChildren;
  /** What the button does: "Delete this app". */
  readonly action: string;
  /** What has to be typed first, for what cannot be undone. */
  readonly typed?: string;
  /** It is not a thing to regret. */
  readonly harmless?: boolean;
  /** Done when it resolves; what it throws is shown. */
  readonly onConfirm: () => Promise<unknown>;
  readonly onClose: () => void;
}

/** Asks before something is done that is not easily undone. */
export function Confirm({ title, children, action, typed, harmless, onConfirm, onClose }: ConfirmProps) {
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const ready = typed === undefined || text === typed;

  const confirm = async (event: Event) => {
    event.preventDefault();
    if (!ready || busy) return;
    setBusy(true);
    setProblem(null);
    try {
      await onConfirm();
      onClose();
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      setProblem(error.message);
    } finally {
      setBusy(false);
    }
  };

  return (
    <Dialog title={title} onClose={onClose}>
      <form class="dialog-form" onSubmit={confirm}>
        <div class="dialog-text">{children}</div>
        {typed !== undefined && (
          <TextField
            label={
              <>
                Type <strong class="typed">{typed}</strong> to confirm
              </>
            }
            value={text}
            onValue={setText}
            input={{ autocomplete: 'off', autoFocus: true }}
          />
        )}
        <FormProblem problem={problem} />
        <div class="dialog-actions">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            class={harmless ? 'button button-primary' : 'button button-danger'}
            aria-disabled={!ready || busy}
          >
            {action}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** What is wrong with a form as a whole. */
export function FormProblem({ problem }: { problem: string | null }) {
  return (
    <div role="alert" class="form-alert">
      {problem !== null && <p>{problem}</p>}
    </div>
  );
}
