/** A piece of work that has ended, as a part of its trace. */
export interface Span {
  /** Of the span itself: its trace, its own id, and whether the trace is sampled. W3C Trace Context. */
  readonly traceparent: string;
  /** 16 hexadecimal digits; absent when the trace begins with it. */
  readonly parentSpanId?: string | undefined;
  /** Of few values: no ids and nothing a sender chooses. */
  readonly name: string;
  readonly kind: 'internal' | 'server';
  /** Milliseconds since 1970, with fractions. */
  readonly start: number;
  readonly end: number;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly failed: boolean;
}

/** https://www.w3.org/TR/trace-context/#sampled-flag */
export function isSampled(traceparent: string): boolean {
  return (Number.parseInt(traceparent.slice(53, 55), 16) & 1) === 1;
}

/** Milliseconds since 1970, finer than `Date.now`. */
export function spanClock(): number {
  return performance.timeOrigin + performance.now();
}
