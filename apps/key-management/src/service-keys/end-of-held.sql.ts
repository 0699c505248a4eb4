/**
 * When a row of `credential`, by the name `held`, ends by the clock: its schedule counts unless that waits for it to be unused or is put off, as
 * `scheduledEnd` says it of a row that was read.
 */
export const endOfHeld = `CASE WHEN held.retire_after_unused_days IS NULL AND held.postponed_at IS NULL
  THEN LEAST(held.not_after, held.retires_at) ELSE held.not_after END`;
