import type { FlowProcessingError } from '@sluice/domain';
import type { SimpleContext } from '@sluice/simple-language';
import type { Message } from '../message/message.js';

/** What an expression of a flow can see, whatever its language. */
export interface ExpressionContext extends SimpleContext {
  readonly message: Message;
  readonly exception: FlowProcessingError | null;
}

export type CompiledExpression = (context: ExpressionContext) => unknown;
export type CompiledPredicate = (context: ExpressionContext) => boolean;
