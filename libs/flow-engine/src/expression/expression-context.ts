import type { FlowProcessingError } from '../error/flow-errors.js';
import type { Message } from '../message/message.js';

/** What an expression can see. */
export interface ExpressionContext {
  readonly message: Message;
  /** The failure an exception subprocess is handling. */
  readonly exception: FlowProcessingError | null;
  /** Id of the exchange, the same for the whole message. */
  readonly exchangeId: string;
  readonly flowName: string;
  now(): number;
}

export type CompiledExpression = (context: ExpressionContext) => unknown;
export type CompiledPredicate = (context: ExpressionContext) => boolean;

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
