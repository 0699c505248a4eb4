/**
 * Lets so many messages of a flow through at once, and so many wait for their turn, first come first served. One more is
 * turned away, so that a flow whose receiver hangs takes neither memory nor places without end.
 */
export class FlowGate {
  #inside = 0;
  readonly #queue: (() => void)[] = [];

  constructor(
    private readonly maximum: number,
    private readonly maximumQueued: number,
  ) {}

  /** Messages that wait now. */
  get queued(): number {
    return this.#queue.length;
  }

  /** @returns true: it is in; a promise: it is in when that settles; false: turned away. Who is in must leave. */
  enter(): boolean | Promise<void> {
    if (this.#inside < this.maximum) {
      this.#inside++;
      return true;
    }
    if (this.#queue.length >= this.maximumQueued) return false;
    return new Promise((resolve) => this.#queue.push(resolve));
  }

  leave(): void {
    const next = this.#queue.shift();
    if (next) next();
    else this.#inside--;
  }
}
