/** Injects the id that tells this runtime's process from all others: a UUID made at its start. */
export const RUNTIME_ID = Symbol('RUNTIME_ID');
