import { errorCodes, SluiceError, type ErrorCode } from '@sluice/domain';
import { z } from 'zod';

/** What every reply on the bus is: a result, or one error of the closed set. Unknown members are ignored (additive evolution). */
export const errorEnvelope = z.object({
  code: z.string(),
  message: z.string(),
  details: z.record(z.string(), z.unknown()).optional(),
});
export type ErrorEnvelope = z.infer<typeof errorEnvelope>;

export type Reply = { result: unknown } | { error: ErrorEnvelope };

/** Turns any thrown value into the envelope. What is not ours becomes `internal` without its text, which may hold a secret. */
export function toErrorEnvelope(error: unknown): ErrorEnvelope {
  if (error instanceof SluiceError) {
    return { code: error.code, message: error.message, ...(error.details ? { details: error.details } : {}) };
  }
  return { code: 'internal', message: 'The service failed; its log has the cause under the same request id.' };
}

/** @param by the service that answered, named in the error of a code this version does not know */
export function fromErrorEnvelope(envelope: ErrorEnvelope, by: string): SluiceError {
  const code = errorCodes.includes(envelope.code as ErrorCode) ? (envelope.code as ErrorCode) : undefined;
  if (!code)
    return new SluiceError('internal', `${by} answered with the unknown error "${envelope.code}": ${envelope.message}`);
  return new SluiceError(code, envelope.message, envelope.details);
}
