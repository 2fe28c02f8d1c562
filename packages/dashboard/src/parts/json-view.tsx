import { CopyButton } from '@earshot/ui';
import { useMemo } from 'preact/hooks';
import { counted } from './format.ts';
import { type Json, readJson } from './json.ts';

export interface JsonViewProps {
  /** JSON, or any text: that is shown as it is. */
  readonly text: string;
  /** Names it for the copy button: "data". */
  readonly what: string;
  /** Levels that are unfolded at first. */
  readonly open?: number;
}

/** JSON that folds, with a button to copy it as it came. */
export function JsonView({ text, what, open = 2 }: JsonViewProps) {
  const json = useMemo(() => readJson(text), [text]);
  return (
    <div class="json">
      <div class="json-copy">
        <CopyButton text={text} what={what} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard. */}
      <section class="json-text" aria-label={what} tabIndex={0}>
        {json === null ? <pre>{text === '' ? <i>(empty)</i> : text}</pre> : <Value json={json} open={open} />}
      </section>
    </div>
  );
}

interface ValueProps {
  readonly json: Json;
  readonly open: number;
  readonly name?: string;
}

function Value({ json, open, name }: ValueProps) {
  const label = name === undefined ? null : <span class="json-name">{JSON.stringify(name)}: </span>;
  if (json.is === 'text' || json.is === 'word') {
    return (
      <div class="json-line">
        {label}
        <span class={json.is === 'text' ? 'json-string' : 'json-word'}>
          {json.is === 'text' ? JSON.stringify(json.text) : json.text}
        </span>
      </div>
    );
  }
  const [begin, end] = json.is === 'array' ? '[]' : '{}';
  const inner: readonly (readonly [string | undefined, Json])[] =
    json.is === 'array' ? json.items.map((item) => [undefined, item] as const) : json.entries;
  if (inner.length === 0) {
    return (
      <div class="json-line">
        {label}
        {begin}
        {end}
      </div>
    );
  }
  return (
    <details class="json-fold" open={open > 0}>
      <summary class="json-line">
        {label}
        {begin}
        <span class="json-folded">
          {counted(inner.length, json.is === 'array' ? 'item' : 'key')} {end}
        </span>
      </summary>
      <div class="json-inner">
        {inner.map(([key, value], index) => (
          <Value key={index} json={value} open={open - 1} {...(key !== undefined && { name: key })} />
        ))}
      </div>
      <div class="json-line">{end}</div>
    </details>
  );
}
