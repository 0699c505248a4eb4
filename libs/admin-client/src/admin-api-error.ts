import type { ErrorCode } from '@sluice/domain';

/** A problem document (RFC 9457) of the admin API. */
export interface Problem {
  readonly type?: string;
  readonly title?: string;
  readonly status?: number;
  readonly detail?: string;
  readonly code?: ErrorCode;
  readonly violations?: readonly { readonly field: string; readonly message: string }[];
  readonly [member: string]: unknown;
}

/** An answer of the admin API that is no success. */
export class AdminApiError extends Error {
  override readonly name = 'AdminApiError';

  /** @param retryAfterSeconds what `Retry-After` says, where there is one */
  constructor(
    readonly status: number,
    readonly problem: Problem,
    readonly retryAfterSeconds?: number,
  ) {
    super(messageOf(status, problem));
  }
}

/** With every rule that was broken: the detail of the answer names the first. */
function messageOf(status: number, { detail, title, violations }: Problem): string {
  if (Array.isArray(violations) && violations.length > 1)
    return violations.map(({ field, message }) => `${field}: ${message}`).join('; ');
  return detail ?? title ?? `The admin API answered ${status}.`;
}
