import { useEffect, useId, useMemo, useRef, useState } from 'preact/hooks';
import { formatNumber, formatShort } from '../parts/format.ts';
import { Table } from '../parts/table.tsx';
import type { Plot, PlotOptions } from './plot.ts';
import { type ChartData, hasGap } from './series.ts';

export interface ChartProps {
  readonly title: string;
  /** What its numbers are: "in a minute". */
  readonly unit: string;
  readonly data: ChartData;
  readonly kind: PlotOptions['kind'];
  readonly syncKey: string;
  /** Writes the time of a point: for the axis, and where it stands alone. */
  readonly time: { readonly axis: (at: number) => string; readonly full: (at: number) => string };
}

/**
 * A chart one can read values from: by pointer and finger, by arrow keys with each value said, and as a table.
 */
export function Chart({ title, unit, data, kind, syncKey, time }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const latest = useRef(data);
  latest.current = data;
  const [point, setPoint] = useState<number | null>(null);
  const [asTable, setAsTable] = useState(false);
  const [failed, setFailed] = useState(false);
  const titleId = useId();
  const last = data.at.length - 1;

  useEffect(() => {
    if (asTable) return;
    let gone = false;
    import('./plot.ts').then(
      ({ drawPlot }) => {
        if (gone || box.current === null) return;
        plot.current = drawPlot(box.current, {
          data: latest.current,
          kind,
          syncKey,
          formatValue: formatShort,
          formatTime: time.axis,
          onPoint: setPoint,
        });
      },
      () => gone || setFailed(true),
    );
    return () => {
      gone = true;
      plot.current?.destroy();
      plot.current = null;
    };
  }, [asTable, kind, syncKey, time]);
  useEffect(() => plot.current?.update(data), [data]);

  const shown = point === null || point > last ? null : point;
  const spoken = useMemo(() => spokenAt(data, shown ?? last, time.full), [data, shown, last, time]);

  const onKeyDown = (event: KeyboardEvent) => {
    const from = shown ?? (event.key === 'ArrowLeft' || event.key === 'PageUp' ? last + 1 : -1);
    const to = target(event.key, from, last);
    if (to === undefined) return;
    event.preventDefault();
    setPoint(to);
    plot.current?.point(to);
  };

  return (
    <section class="chart" aria-labelledby={titleId}>
      <header class="chart-head">
        <h3 id={titleId}>
          {title} <span class="chart-unit">{unit}</span>
        </h3>
        <p class="chart-time" aria-hidden="true">
          {shown === null ? '' : time.full(data.at[shown] ?? 0)}
        </p>
        <button
          type="button"
          class="button button-plain button-small"
          aria-pressed={asTable}
          onClick={() => setAsTable(!asTable)}
        >
          Table<span class="visually-hidden"> of {title.toLowerCase()}</span>
        </button>
      </header>
      {asTable || failed ? (
        <ChartTable title={title} data={data} time={time.full} />
      ) : (
        <>
          <ul class="legend">
            {data.lines.map((line, index) => (
              <li key={line.label}>
                <svg
                  class={`legend-line legend-${index}`}
                  viewBox="0 0 24 8"
                  aria-hidden="true"
                  focusable="false"
                >
                  {kind === 'bars' ? <rect x="8" width="8" height="8" rx="1" /> : <path d="M0 4h24" />}
                </svg>
                {line.label}
                <span class="legend-value">{valueAt(line.values[shown ?? lastKnown(line.values)])}</span>
              </li>
            ))}
            {hasGap(data) && (
              <li>
                <svg class="legend-gap" viewBox="0 0 16 12" aria-hidden="true" focusable="false">
                  <rect width="16" height="12" />
                </svg>
                No figures: the server did not run
              </li>
            )}
          </ul>
          <div
            class="plot"
            ref={box}
            role="slider"
            tabIndex={0}
            aria-labelledby={titleId}
            aria-orientation="horizontal"
            aria-valuemin={0}
            aria-valuemax={Math.max(last, 0)}
            aria-valuenow={shown ?? Math.max(last, 0)}
            aria-valuetext={spoken}
            onKeyDown={onKeyDown}
            onBlur={() => {
              setPoint(null);
              plot.current?.point(null);
            }}
          />
        </>
      )}
    </section>
  );
}

interface Row {
  readonly at: number;
  readonly index: number;
}

function ChartTable({ title, data, time }: { title: string; data: ChartData; time: (at: number) => string }) {
  const columns = [
    { id: 'at', title: 'Time', isHead: true, cell: ({ at }: Row) => time(at) },
    ...data.lines.map((line) => ({
      id: line.label,
      title: line.label,
      numeric: true,
      cell: ({ index }: Row) => valueAt(line.values[index]),
    })),
  ];
  // The newest first: that is what one looks for.
  const rows = data.at.map((at, index) => ({ at, index })).toReversed();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard.
    <section class="chart-table" aria-label={`Table of ${title.toLowerCase()}`} tabIndex={0}>
      <Table
        label={title}
        columns={columns}
        rows={rows}
        rowKey={({ at }) => `${at}`}
        empty={<p>No figures.</p>}
      />
    </section>
  );
}

const none = '–';

function valueAt(value: number | null | undefined): string {
  if (value === null || value === undefined) return none;
  return value !== 0 && value < 10 ? String(Math.round(value * 10) / 10) : formatNumber(Math.round(value));
}

/** Index of the last point that has a figure. */
function lastKnown(values: readonly (number | null)[]): number {
  return values.findLastIndex((value) => value !== null);
}

function spokenAt({ at, lines }: ChartData, index: number, time: (at: number) => string): string {
  const when = at[index];
  if (when === undefined) return 'No figures';
  const values = lines.map(({ label, values }) => `${label} ${valueAt(values[index])}`);
  const known = lines.some(({ values }) => typeof values[index] === 'number');
  return `${time(when)}: ${known ? values.join(', ') : 'no figures'}`;
}

/** The point that a key leads to; null lets go of the crosshair, undefined is no key of ours. Time runs left to right, always. */
function target(key: string, from: number, last: number): number | null | undefined {
  const within = (index: number) => Math.min(Math.max(index, 0), last);
  switch (key) {
    case 'ArrowLeft':
    case 'ArrowDown':
      return within(from - 1);
    case 'ArrowRight':
    case 'ArrowUp':
      return within(from + 1);
    case 'PageUp':
      return within(from - 10);
    case 'PageDown':
      return within(from + 10);
    case 'Home':
      return 0;
    case 'End':
      return last;
    case 'Escape':
      return null;
    default:
      return undefined;
  }
}
