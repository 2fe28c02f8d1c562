import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { TraceKind } from '../contract.ts';
import { Glyph } from '../parts/glyph.tsx';
import { kindGroups, kindLooks } from './kinds.ts';
import { Shape } from './shapes.tsx';

export interface KindMenuProps {
  readonly kinds: readonly TraceKind[];
  readonly onKinds: (kinds: readonly TraceKind[]) => void;
}

/** Which kinds are shown: a button that opens their list. None chosen is all of them. */
export function KindMenu({ kinds, onKinds }: KindMenuProps) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();

  useEffect(() => {
    if (!open) return;
    const onPress = (event: Event) => {
      if (!box.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener('pointerdown', onPress);
    return () => document.removeEventListener('pointerdown', onPress);
  }, [open]);

  const toggle = (kind: TraceKind) =>
    onKinds(kinds.includes(kind) ? kinds.filter((one) => one !== kind) : [...kinds, kind]);

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only closes what its own button has opened.
    <div
      class="console-kinds"
      ref={box}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !open) return;
        event.stopPropagation();
        setOpen(false);
        button.current?.focus();
      }}
      onFocusOut={(event) => {
        if (event.relatedTarget instanceof Node && !box.current?.contains(event.relatedTarget))
          setOpen(false);
      }}
    >
      <button
        type="button"
        class="button console-kinds-button"
        aria-expanded={open}
        aria-controls={id}
        ref={button}
        onClick={() => setOpen(!open)}
      >
        <span>{nameOf(kinds)}</span>
        <Glyph name="down" />
      </button>
      <div class="console-kinds-list" id={id} hidden={!open}>
        <div class="console-kinds-head">
          <span>{kinds.length === 0 ? 'Everything is shown' : `${kinds.length} chosen`}</span>
          <button
            type="button"
            class="text-action"
            aria-disabled={kinds.length === 0}
            onClick={() => onKinds([])}
          >
            Show all
          </button>
        </div>
        {kindGroups.map((group) => (
          <fieldset key={group.name}>
            <legend>{group.name}</legend>
            {group.kinds.map((kind) => (
              <label key={kind} class="console-kind-option" data-tone={kindLooks[kind].tone}>
                <input type="checkbox" checked={kinds.includes(kind)} onChange={() => toggle(kind)} />
                <Shape shape={kindLooks[kind].shape} />
                <span class="console-kind-word">{kindLooks[kind].word}</span>
                <span class="console-kind-about">{kindLooks[kind].about}</span>
              </label>
            ))}
          </fieldset>
        ))}
      </div>
    </div>
  );
}

function nameOf(kinds: readonly TraceKind[]): string {
  if (kinds.length === 0) return 'All kinds';
  if (kinds.length > 2) return `${kinds.length} kinds`;
  return kinds.map((kind) => kindLooks[kind].word).join(', ');
}
