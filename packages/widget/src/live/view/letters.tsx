import { Component, createRef, type RefObject } from 'preact';
import type { LiveGrapheme } from '../state.ts';

export interface LettersProps {
  letters: readonly LiveGrapheme[];
  /** How far the first line begins from its start, in CSS pixels. Called when that changes. */
  onIndent?: (pixels: number) => void;
}

/**
 * What somebody is typing, a box for each letter so that each fades by itself. Nothing of a faded one is left. What goes at
 * the front leaves its room behind until its line is over: words do not run after those that have gone.
 */
export class Letters extends Component<LettersProps> {
  declare private readonly box: RefObject<HTMLParagraphElement | null>;
  declare private indent: number;

  constructor(props: LettersProps) {
    super(props);
    this.box = createRef();
    this.indent = 0;
  }

  override shouldComponentUpdate(next: Readonly<LettersProps>): boolean {
    return next.letters !== this.props.letters;
  }

  /** Where the first letter that stays stands now, before those in front of it go. */
  override getSnapshotBeforeUpdate({ letters: before }: LettersProps): number {
    const [first] = this.props.letters;
    if (first === undefined || before.length === 0) return 0;
    const index = before.findIndex(({ key }) => key === first.key);
    if (index === 0) return this.indent;
    const box = this.box.current;
    const [line] = box?.children[index]?.getClientRects() ?? [];
    if (box === null || line === undefined) return 0;
    const { left, right } = box.getBoundingClientRect();
    const from = getComputedStyle(box).direction === 'rtl' ? right - line.right : line.left - left;
    return Math.max(0, Math.round(from * 10) / 10);
  }

  override componentDidUpdate(_props: unknown, _state: unknown, indent: number): void {
    if (indent === this.indent) return;
    this.indent = indent;
    if (this.box.current !== null) this.box.current.style.textIndent = `${indent}px`;
    this.props.onIndent?.(indent);
  }

  override render({ letters }: LettersProps) {
    return (
      <p class="letters" aria-hidden="true" dir="auto" ref={this.box}>
        {letters.map(({ key, text, opacity }) => (
          <span key={key} class={opacity === 1 ? undefined : `fade-${Math.round(opacity * 10)}`}>
            {text}
          </span>
        ))}
      </p>
    );
  }
}
