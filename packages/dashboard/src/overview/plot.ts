import UPlot, { type Options, type Series } from 'uplot';
import { type ChartData, stacked } from './series.ts';

export interface PlotOptions {
  readonly data: ChartData;
  readonly kind: 'lines' | 'stacked' | 'bars';
  /** Charts with one key share their crosshair. */
  readonly syncKey: string;
  readonly formatValue: (value: number) => string;
  /** Writes the time under the axis. */
  readonly formatTime: (at: number) => string;
  /** The crosshair is at this point, or nowhere. */
  readonly onPoint: (index: number | null) => void;
}

export interface Plot {
  /** Puts the crosshair there. */
  point(index: number | null): void;
  update(data: ChartData): void;
  destroy(): void;
}

/** Dashes of the lines, so that no one needs their colours. Also drawn in the legend (`overview.css`). */
const dashes = [[], [7, 4], [2, 3], [10, 3, 2, 3]];
const height = 220;

/**
 * A chart in `box`, as wide as it is. Colours and faces come from the page's style; drawn anew when the reader's colours
 * change. The one file that knows uPlot.
 */
export function drawPlot(box: HTMLElement, options: PlotOptions): Plot {
  let { data } = options;
  let chart = create();
  const resized = new ResizeObserver(() => {
    const width = box.clientWidth;
    if (width > 0 && width !== chart.width) chart.setSize({ width, height });
  });
  resized.observe(box);
  const schemes = ['(prefers-color-scheme: dark)', '(forced-colors: active)'].map((query) =>
    matchMedia(query),
  );
  const again = () => {
    chart.destroy();
    chart = create();
  };
  for (const scheme of schemes) scheme.addEventListener('change', again);

  function create(): UPlot {
    const style = getComputedStyle(box);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const fontSize = Number.parseFloat(style.fontSize) * 0.86;
    const font = `${fontSize}px ${style.fontFamily}`;
    const { kind, syncKey, formatValue, formatTime, onPoint } = options;
    const axis = {
      stroke: colour('--ink-muted'),
      font,
      grid: { stroke: colour('--line'), width: 1 },
      ticks: { show: false },
    };
    const lines = data.lines.map(({ label }, index): Series => {
      const stroke = colour(`--series-${index}`);
      const shared = { label, stroke, points: { show: true, filter: alone, size: 6, fill: stroke } };
      if (kind === 'bars') {
        return {
          ...shared,
          points: { show: false },
          fill: stroke,
          ...(bars !== undefined && { paths: bars }),
        };
      }
      return {
        ...shared,
        width: 2,
        dash: dashes[index] ?? [],
        ...(kind === 'stacked' || data.lines.length === 1 ? { fill: `${stroke}22` } : {}),
      };
    });
    const settings: Options = {
      width: Math.max(box.clientWidth, 120),
      height,
      ms: 1,
      padding: [fontSize, 8, 0, 0],
      legend: { show: false },
      cursor: {
        sync: { key: syncKey, setSeries: false },
        y: false,
        drag: { x: false, y: false, setScale: false },
        points: { size: 8, width: 2, fill: colour('--raised') },
      },
      scales: {
        // A bar stands on the stretch that begins at its time.
        x: { time: true, range: (_, min, max) => [min, kind === 'bars' ? max + data.stepMs : max] },
        y: { range: (_, __, max) => [0, max > 0 ? max * 1.08 : 1] },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          size: fontSize * 2.4,
          space: fontSize * 7,
          values: (_, at) => at.map(formatTime),
        },
        {
          ...axis,
          size: (_, values) =>
            Math.max(...(values ?? ['']).map((one) => one.length), 3) * fontSize * 0.62 + 12,
          space: fontSize * 3.6,
          values: (_, ticks) => ticks.map(formatValue),
          // No steps of half an event.
          incrs: Array.from({ length: 14 }, (_, power) => [1, 2, 5].map((one) => one * 10 ** power)).flat(),
        },
      ],
      series: [{}, ...lines],
      ...(kind === 'stacked' && {
        bands: data.lines
          .slice(1)
          .map((_, index) => ({ series: [index + 2, index + 1] as [number, number] })),
      }),
      hooks: {
        setCursor: [({ cursor }) => onPoint(cursor.idx ?? null)],
        drawClear: [(self) => shadeGaps(self, data, colour('--wash'))],
      },
    };
    return new UPlot(settings, columns(data, kind), box);
  }

  return {
    point(index) {
      const at = index === null ? undefined : data.at[index];
      const [left, top] = index === null || at === undefined ? [-10, -10] : [chart.valToPos(at, 'x'), 10];
      // Its types leave out the last: whether the charts of the same key are told, as they are of a pointer.
      const setCursor: (at: { left: number; top: number }, fire: boolean, tell: boolean) => void =
        chart.setCursor;
      setCursor({ left, top }, true, true);
    },
    update(next) {
      data = next;
      chart.setData(columns(next, options.kind));
    },
    destroy() {
      resized.disconnect();
      for (const scheme of schemes) scheme.removeEventListener('change', again);
      chart.destroy();
    },
  };
}

const bars = UPlot.paths.bars?.({ size: [0.7, 28], align: 1, radius: 0.15 });

function columns({ at, lines }: ChartData, kind: PlotOptions['kind']): UPlot.AlignedData {
  const values = kind === 'stacked' ? stacked(lines) : lines.map((line) => [...line.values]);
  return [[...at], ...values];
}

/** A figure with none beside it makes no line, so it gets a dot. */
function alone({ data }: UPlot, series: number): number[] {
  const values = data[series] ?? [];
  const isGap = (index: number) => values[index] === null || values[index] === undefined;
  return Array.from(values.keys()).filter((index) => !isGap(index) && isGap(index - 1) && isGap(index + 1));
}

/** A wash behind the stretches of which there are no figures; not before the first, when there was no server yet. */
function shadeGaps(chart: UPlot, { at, lines }: ChartData, colour: string): void {
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.fillStyle = colour;
  for (let begin = 0; begin < at.length; begin++) {
    if (lines.some(({ values }) => values[begin] !== null)) continue;
    let end = begin;
    while (end + 1 < at.length && lines.every(({ values }) => values[end + 1] === null)) end++;
    // The last stretch has just begun: that is no gap.
    if (begin > 0 && begin !== at.length - 1) {
      const [from, to] = [at[Math.max(begin - 1, 0)], at[Math.min(end + 1, at.length - 1)]].map((time) =>
        chart.valToPos(time ?? 0, 'x', true),
      ) as [number, number];
      ctx.fillRect(from, bbox.top, to - from, bbox.height);
    }
    begin = end;
  }
  ctx.restore();
}
