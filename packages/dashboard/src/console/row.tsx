import { Component } from 'preact';
import { Details, type DetailsLinks } from './details.tsx';
import { clockTime, measureOf, remarkOf, subjectOf } from './format.ts';
import { kindLooks, toneOf } from './kinds.ts';
import type { Line } from './lines.ts';
import { Shape } from './shapes.tsx';

export interface RowProps {
  readonly line: Line;
  readonly open: boolean;
  /** The one row that the keyboard comes to. */
  readonly current: boolean;
  /** Several nodes are there, so each line says which it is of. */
  readonly withNode: boolean;
  readonly links: DetailsLinks;
  readonly onToggle: (id: string) => void;
}

/**
 * One line of the console, and its details when it is open. A class, for its `shouldComponentUpdate`: ten batches a second
 * come, and the thousand lines that are there do not change.
 */
export class Row extends Component<RowProps> {
  override shouldComponentUpdate(next: RowProps): boolean {
    return (Object.keys(next) as (keyof RowProps)[]).some((name) => next[name] !== this.props[name]);
  }

  override render({ line, open, current, withNode, links, onToggle }: RowProps) {
    const { entry, skippedBefore, afterBreak } = line;
    const look = kindLooks[entry.kind];
    const parts = [
      ['channel', entry.channel ?? ''],
      ['subject', subjectOf(entry)],
      ['remark', remarkOf(entry)],
    ].filter(([, text]) => text !== '');
    const who = entry.userId ?? entry.socketId ?? '';
    return (
      <li class="console-row" data-id={line.id} data-tone={toneOf(entry.kind, entry.code, entry.reason)}>
        {(skippedBefore > 0 || afterBreak) && (
          <p class="console-gap">
            {afterBreak
              ? 'Connected again. What happened in between is not shown.'
              : `${skippedBefore} not shown`}
          </p>
        )}
        <button
          type="button"
          class="console-line"
          aria-expanded={open}
          tabIndex={current ? 0 : -1}
          onClick={() => onToggle(line.id)}
        >
          <span class="console-time">{clockTime(entry.at)}</span>
          <span class="console-kind">
            <Shape shape={look.shape} />
            {look.word}
          </span>
          <span class="console-what">
            {parts.map(([name, text]) => (
              <span key={name} class={`console-${name}`}>
                {text}{' '}
              </span>
            ))}
          </span>
          <span class="console-who">{who}</span>
          {withNode && <span class="console-node">{entry.node.slice(0, 6)}</span>}
          <span class="console-measure">{measureOf(entry)}</span>
        </button>
        {open && <Details entry={entry} links={links} />}
      </li>
    );
  }
}
