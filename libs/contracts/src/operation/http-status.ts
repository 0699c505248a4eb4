import type { ErrorCode } from '@sluice/domain';

/** Where the errors of the contract become HTTP, and nowhere else. */
export const httpStatusOf: Readonly<Record<ErrorCode, number>> = {
  'invalid-argument': 400,
  'flow-invalid': 400,
  'certificate-refused': 400,
  'certificate-list-refused': 400,
  unauthenticated: 401,
  'permission-denied': 403,
  'not-found': 404,
  misdirected: 421,
  'method-not-allowed': 405,
  'name-in-use': 409,
  'certificate-in-use': 409,
  'distinguished-name-conflict': 409,
  'role-in-use': 409,
  'role-predefined': 409,
  'service-instance-in-use': 409,
  'service-key-state': 409,
  'issuing-ca-state': 409,
  'public-key-in-use': 409,
  'address-in-use': 409,
  protected: 409,
  'approval-required': 409,
  'proposal-state': 409,
  'precondition-failed': 412,
  'payload-too-large': 413,
  'unsupported-media-type': 415,
  'idempotency-key-reused': 422,
  'too-many-attempts': 429,
  behind: 503,
  overloaded: 503,
  unavailable: 503,
  'deadline-exceeded': 504,
  internal: 500,
};

/** What every call may be answered with, but for what is said of callers. */
export const errorsOfEveryCall = [
  'invalid-argument',
  'internal',
  'behind',
  'overloaded',
  'unavailable',
  'deadline-exceeded',
] as const satisfies readonly ErrorCode[];
