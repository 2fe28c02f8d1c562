/** A metric in the shape that `Metrics.values` gives. */
interface Measured {
  readonly name: string;
  readonly type: string;
  readonly values: readonly Value[];
}

interface Value {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly metricName?: string;
}

/** Of these a number never falls. */
const growing: ReadonlySet<string> = new Set(['counter', 'histogram']);

/**
 * What workers measured. What those counted that are gone stays in the sum, because a counter that falls looks like a start
 * anew; a worker that does not answer counts as it did the last time.
 */
export class Scrapes<Worker> {
  readonly #last = new Map<Worker, readonly Measured[]>();
  readonly #ofGone = new Map<string, Measured & { readonly values: Value[] }>();

  set(worker: Worker, measured: unknown): void {
    this.#last.set(worker, measured as readonly Measured[]);
  }

  /** It is gone; what it counted is kept. */
  end(worker: Worker): void {
    const measured = this.#last.get(worker) ?? [];
    this.#last.delete(worker);
    for (const metric of measured) if (growing.has(metric.type)) this.#keep(metric);
  }

  /** One entry for each worker, and one for all that are gone. */
  all(): unknown[] {
    return [...this.#last.values(), [...this.#ofGone.values()]];
  }

  #keep(metric: Measured): void {
    const known = this.#ofGone.get(metric.name);
    if (known === undefined) {
      this.#ofGone.set(metric.name, { ...metric, values: [...metric.values] });
      return;
    }
    const places = new Map(known.values.map((value, index) => [keyOf(value), index]));
    for (const value of metric.values) {
      const at = places.get(keyOf(value));
      const before = at === undefined ? undefined : known.values[at];
      if (at === undefined || before === undefined) known.values.push(value);
      else known.values[at] = { ...before, value: before.value + value.value };
    }
  }
}

function keyOf({ metricName = '', labels }: Value): string {
  return JSON.stringify([metricName, Object.entries(labels).sort()]);
}
