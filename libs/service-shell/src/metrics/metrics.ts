import {
  collectDefaultMetrics,
  Counter as PromCounter,
  Gauge as PromGauge,
  Histogram as PromHistogram,
  Registry,
} from 'prom-client';

/** Label names with the values that are told apart; a value that is not of a closed set of ours does not belong here. */
export type Labels<Name extends string = string> = Readonly<Record<Name, string>>;
/** What a gauge shows: one number, or one for each set of labels. */
export type Reading<Name extends string = string> = number | readonly (readonly [Labels<Name>, number])[];

/** More sets of labels than this go into one series, each label of it `other`: a mistake must not grow without bound. */
const maxSeries = 200;

/** Seconds: from half a millisecond to ten seconds. */
export const durationBuckets: readonly number[] = [
  0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** The sets of labels that a metric has; prom-client keeps any number. */
class BoundedSeries<Name extends string> {
  readonly #seen = new Set<string>();
  readonly #other: Labels<Name>;

  constructor(private readonly names: readonly Name[]) {
    this.#other = Object.fromEntries(names.map((name) => [name, 'other'])) as Labels<Name>;
  }

  /** @returns the labels to count under: those given, or the series of all others */
  admit(labels: Labels<Name>): Labels<Name> {
    let key = '';
    for (const name of this.names) key += `${labels[name]}\n`;
    if (this.#seen.has(key)) return labels;
    if (this.#seen.size >= maxSeries) return this.#other;
    this.#seen.add(key);
    return labels;
  }
}

/** Labels are given exactly when the metric has some. */
type Given<Name extends string> = [Name] extends [never] ? [] : [labels: Labels<Name>];

export class Counter<Name extends string = never> {
  readonly #series: BoundedSeries<Name> | undefined;

  constructor(
    private readonly counter: PromCounter<Name>,
    names: readonly Name[],
  ) {
    this.#series = names.length === 0 ? undefined : new BoundedSeries(names);
  }

  inc(...[labels]: Given<Name>): void {
    if (labels && this.#series) this.counter.inc(this.#series.admit(labels));
    else this.counter.inc();
  }

  /** @param by at least 0 */
  add(by: number, ...[labels]: Given<Name>): void {
    if (labels && this.#series) this.counter.inc(this.#series.admit(labels), by);
    else this.counter.inc(by);
  }
}

export class Histogram<Name extends string = never> {
  readonly #series: BoundedSeries<Name> | undefined;

  constructor(
    private readonly histogram: PromHistogram<Name>,
    names: readonly Name[],
  ) {
    this.#series = names.length === 0 ? undefined : new BoundedSeries(names);
  }

  /** @param value in the unit of the buckets */
  observe(value: number, ...[labels]: Given<Name>): void {
    if (labels && this.#series) this.histogram.observe(this.#series.admit(labels), value);
    else this.histogram.observe(value);
  }
}

/**
 * The metrics of a process, kept and written by prom-client. What is counted on a request's path is a plain number that
 * `counted` or `gauge` reads when somebody looks, or a histogram without labels.
 */
export class Metrics {
  readonly #registry = new Registry();

  counter<Name extends string = never>(name: string, help: string, labelNames: readonly Name[] = []): Counter<Name> {
    return new Counter(new PromCounter({ name, help, labelNames, registers: [this.#registry] }), labelNames);
  }

  /** @param buckets upper bounds, ascending; seconds when absent */
  histogram<Name extends string = never>(
    name: string,
    help: string,
    { labelNames = [], buckets = durationBuckets }: { labelNames?: readonly Name[]; buckets?: readonly number[] } = {},
  ): Histogram<Name> {
    return new Histogram(
      new PromHistogram({ name, help, labelNames, buckets: [...buckets], registers: [this.#registry] }),
      labelNames,
    );
  }

  /** @param labelNames those of what `read` returns */
  gauge<Name extends string = never>(
    name: string,
    help: string,
    read: () => Reading<NoInfer<Name>>,
    labelNames: readonly Name[] = [],
  ): void {
    new PromGauge({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [labels, value] of seriesOf(read())) this.set(labels, value);
      },
    });
  }

  /** A counter that is kept elsewhere. @param labelNames those of what `read` returns */
  counted<Name extends string = never>(
    name: string,
    help: string,
    read: () => Reading<NoInfer<Name>>,
    labelNames: readonly Name[] = [],
  ): void {
    new PromCounter({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [labels, value] of seriesOf(read())) this.inc(labels, value);
      },
    });
  }

  /** What every Node process has to say of itself, under the names that dashboards for Prometheus know. Once in a process. */
  addProcessMetrics(): void {
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: 20 });
  }

  /** @returns the text format of Prometheus, 0.0.4 */
  render(): Promise<string> {
    return this.#registry.metrics();
  }
}

function seriesOf<Name extends string>(reading: Reading<Name>): readonly (readonly [Labels<Name>, number])[] {
  return typeof reading === 'number' ? [[{} as Labels<Name>, reading]] : reading.slice(0, maxSeries);
}
