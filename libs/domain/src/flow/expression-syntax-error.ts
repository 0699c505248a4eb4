/** An expression that cannot be compiled. `nearest` says what to write instead, where there is such a thing. */
export class ExpressionSyntaxError extends Error {
  override readonly name = 'ExpressionSyntaxError';
  readonly nearest: string | undefined;
  /** Whether the expression is right but needs something the engine does not have. */
  readonly unsupported: boolean;

  constructor(message: string, options: { nearest?: string; unsupported?: boolean } = {}) {
    super(message);
    this.nearest = options.nearest;
    this.unsupported = options.unsupported ?? false;
  }
}
