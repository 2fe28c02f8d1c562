import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { continues, type Line } from '../lines.ts';
import { Avatar } from './person.tsx';

/** Closer to the end than this, the reader is taken along when something new comes. */
const followPx = 64;

/** What was said and published, newest last. */
export function Lines({ lines, empty }: { lines: readonly Line[]; empty: ComponentChildren }) {
  const box = useRef<HTMLDivElement>(null);
  const follow = useRef(true);
  const newest = lines.at(-1);
  const own = newest?.kind === 'said' && newest.own;

  useLayoutEffect(() => {
    if (box.current && newest && (follow.current || own)) box.current.scrollTop = box.current.scrollHeight;
  }, [newest, own]);

  const onScroll = ({ currentTarget }: { currentTarget: HTMLElement }) => {
    const { scrollHeight, scrollTop, clientHeight } = currentTarget;
    follow.current = scrollHeight - scrollTop - clientHeight < followPx;
  };

  return (
    <div
      class="lines"
      role="log"
      aria-label="What is said and published"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
      tabIndex={0}
      ref={box}
      onScroll={onScroll}
    >
      {lines.length === 0
        ? empty
        : lines.map((line, index) => <Entry key={line.id} line={line} before={lines[index - 1]} />)}
    </div>
  );
}

function Entry({ line, before }: { line: Line; before: Line | undefined }) {
  switch (line.kind) {
    case 'came':
    case 'left':
      return (
        <p class="line line-fact">
          <bdi>{line.by.name}</bdi> {line.kind === 'came' ? 'came in' : 'left'}
        </p>
      );
    case 'published':
      return <Published line={line} />;
    case 'said':
      return <Said line={line} more={continues(before, line)} />;
  }
}

function Published({ line }: { line: Extract<Line, { kind: 'published' }> }) {
  return (
    <div class="line line-published">
      <span class="avatar avatar-server" aria-hidden="true">
        {'{}'}
      </span>
      <div class="line-body">
        <p class="line-head">
          <span>
            <b>Published</b> <code>{line.event}</code> on <code>{line.channel}</code>
          </span>
          <Time at={line.at} />
        </p>
        <p class="line-text" dir="auto">
          {line.text}
        </p>
      </div>
    </div>
  );
}

function Said({ line, more }: { line: Extract<Line, { kind: 'said' }>; more: boolean }) {
  return (
    <div class={more ? 'line line-more' : 'line'}>
      {!more && <Avatar person={line.by} />}
      <div class="line-body">
        {!more && (
          <p class="line-head">
            <b>
              <bdi>{line.by.name}</bdi>
            </b>
            {line.own && <span class="you">you</span>}
            <Time at={line.at} />
          </p>
        )}
        <p class="line-text" dir="auto">
          {line.text}
        </p>
      </div>
    </div>
  );
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

function Time({ at }: { at: Date }) {
  return <time dateTime={at.toISOString()}>{clock.format(at)}</time>;
}
