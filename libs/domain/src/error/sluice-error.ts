/**
 * The closed set of errors that cross a service boundary. They travel in the error envelope of `contracts` and become HTTP
 * only at the edge (admin-api, flow-runtime).
 */
export const errorCodes = [
  'invalid-argument',
  'unauthenticated',
  'permission-denied',
  'not-found',
  'method-not-allowed',
  'misdirected',
  'name-in-use',
  'certificate-in-use',
  'distinguished-name-conflict',
  'role-in-use',
  'role-predefined',
  'service-instance-in-use',
  'service-key-state',
  'issuing-ca-state',
  'public-key-in-use',
  'address-in-use',
  'flow-invalid',
  'certificate-refused',
  'certificate-list-refused',
  'protected',
  'precondition-failed',
  'approval-required',
  'proposal-state',
  'idempotency-key-reused',
  'payload-too-large',
  'unsupported-media-type',
  'too-many-attempts',
  'behind',
  'overloaded',
  'unavailable',
  'deadline-exceeded',
  'internal',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** JSON that an error may carry for the reader: field paths, limits, the names of what is in the way. Never a secret. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/** An error whose code is part of the contract. The message is one sentence that tells the reader the next step. */
export class SluiceError extends Error {
  override readonly name = 'SluiceError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details?: ErrorDetails,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A field of a request that breaks a rule; `field` is a path as the caller wrote it, e.g. `parameters.roles[0]`. */
export interface FieldViolation {
  readonly field: string;
  readonly message: string;
}

/** `invalid-argument` with every violation found, not the first alone. */
export function invalidArgument(violations: readonly FieldViolation[]): SluiceError {
  const first = violations[0];
  const more = violations.length > 1 ? ` (and ${violations.length - 1} more)` : '';
  return new SluiceError(
    'invalid-argument',
    first ? `${first.field}: ${first.message}${more}` : 'The request is invalid.',
    {
      violations,
    },
  );
}
