import type { FieldViolation } from '../error/sluice-error.js';

const flowId = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;

/** A flow's id names it in the API and on the bus, so it holds neither a dot nor a slash. */
export function flowIdViolation(id: unknown): FieldViolation | undefined {
  if (typeof id === 'string' && flowId.test(id)) return undefined;
  return {
    field: 'id',
    message: 'must be 1 to 128 of the characters A-Z a-z 0-9 _ - and begin with a letter or digit',
  };
}
