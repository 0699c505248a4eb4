/** Label names with the values that are told apart; a value that is not of a closed set of ours does not belong here. */
export type Labels = Readonly<Record<string, string>>;
/** What a gauge shows: one number, or one for each set of labels. */
export type Reading = number | readonly (readonly [Labels, number])[];

/** More sets of labels than this go into one series `other`: a mistake must not grow without bound. */
const maxSeries = 200;
const other = '{other="true"}';

interface Metric {
  render(): string;
}

/** Seconds: from half a millisecond to ten seconds. */
export const durationBuckets: readonly number[] = [
  0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

export class Counter implements Metric {
  readonly #series = new Map<string, number>();

  constructor(
    private readonly name: string,
    private readonly help: string,
  ) {}

  inc(labels: Labels = {}, by = 1): void {
    const key = keyOf(labels, this.#series);
    this.#series.set(key, (this.#series.get(key) ?? 0) + by);
  }

  render(): string {
    return block(this.name, this.help, 'counter', [...this.#series].map(line(this.name)));
  }
}

export class Histogram implements Metric {
  readonly #series = new Map<string, { counts: number[]; sum: number }>();

  constructor(
    private readonly name: string,
    private readonly help: string,
    private readonly buckets: readonly number[] = durationBuckets,
  ) {}

  /** @param value in the unit of the buckets */
  observe(value: number, labels: Labels = {}): void {
    const key = keyOf(labels, this.#series);
    let series = this.#series.get(key);
    if (!series) this.#series.set(key, (series = { counts: [...this.buckets, 0].map(() => 0), sum: 0 }));
    let bucket = 0;
    while (bucket < this.buckets.length && value > (this.buckets[bucket] as number)) bucket++;
    series.counts[bucket] = (series.counts[bucket] as number) + 1;
    series.sum += value;
  }

  render(): string {
    const lines = [...this.#series].flatMap(([labels, { counts, sum }]) => {
      let total = 0;
      const cumulated = counts.map((count, bucket) => {
        total += count;
        const bound = this.buckets[bucket] === undefined ? '+Inf' : String(this.buckets[bucket]);
        return line(`${this.name}_bucket`)([withLabel(labels, 'le', bound), total]);
      });
      return [...cumulated, line(`${this.name}_sum`)([labels, sum]), line(`${this.name}_count`)([labels, total])];
    });
    return block(this.name, this.help, 'histogram', lines);
  }
}

class Reader implements Metric {
  constructor(
    private readonly name: string,
    private readonly help: string,
    private readonly type: 'gauge' | 'counter',
    private readonly read: () => Reading,
  ) {}

  render(): string {
    const reading = this.read();
    const series = typeof reading === 'number' ? [[{}, reading] as const] : reading;
    const lines = series.slice(0, maxSeries).map(([labels, value]) => line(this.name)([format(labels), value]));
    return block(this.name, this.help, this.type, lines);
  }
}

/**
 * The metrics of a process, in the text format of Prometheus. What is counted on a request's path is a plain number that
 * `counted` or `gauge` reads when somebody looks.
 */
export class Metrics {
  readonly #metrics = new Map<string, Metric>();

  counter(name: string, help: string): Counter {
    return this.#add(name, new Counter(name, help));
  }

  /** @param buckets upper bounds, ascending; seconds when absent */
  histogram(name: string, help: string, buckets?: readonly number[]): Histogram {
    return this.#add(name, new Histogram(name, help, buckets));
  }

  gauge(name: string, help: string, read: () => Reading): void {
    this.#add(name, new Reader(name, help, 'gauge', read));
  }

  /** A counter that is kept elsewhere. */
  counted(name: string, help: string, read: () => Reading): void {
    this.#add(name, new Reader(name, help, 'counter', read));
  }

  render(): string {
    return [...this.#metrics.values()].map((metric) => metric.render()).join('');
  }

  #add<M extends Metric>(name: string, metric: M): M {
    if (this.#metrics.has(name)) throw new Error(`There is a metric ${name} already.`);
    this.#metrics.set(name, metric);
    return metric;
  }
}

function keyOf(labels: Labels, series: ReadonlyMap<string, unknown>): string {
  const key = format(labels);
  return series.has(key) || series.size < maxSeries ? key : other;
}

function format(labels: Labels): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}

function withLabel(labels: string, name: string, value: string): string {
  const more = `${name}="${escaped(value)}"`;
  return labels === '' ? `{${more}}` : `${labels.slice(0, -1)},${more}}`;
}

function escaped(value: string): string {
  return value.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n');
}

const line =
  (name: string) =>
  ([labels, value]: readonly [string, number]): string =>
    `${name}${labels} ${value}`;

function block(name: string, help: string, type: string, lines: readonly string[]): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.map((each) => `${each}\n`).join('')}`;
}
