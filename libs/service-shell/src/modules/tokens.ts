/** Injects the settings of the service, as its `config.ts` has read them. */
export const CONFIG = Symbol('CONFIG');

/** Injects `() => number`: milliseconds since 1970. */
export const CLOCK = Symbol('CLOCK');

/** Injects `() => number`: milliseconds of a clock that never goes back. */
export const MONOTONIC_CLOCK = Symbol('MONOTONIC_CLOCK');

/** What a service's tables are, for {@link DatabaseModule}. */
export const TABLES = Symbol('TABLES');

/** Injects `(error, what) => void`, which logs a fault that was survived. */
export const ON_FAULT = Symbol('ON_FAULT');
