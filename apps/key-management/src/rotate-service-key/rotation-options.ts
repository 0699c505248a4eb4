import { invalidArgument, type FieldViolation } from '@sluice/domain';

const day = 86_400;
const defaultOverlapSeconds = 7 * day;
const longestOverlapSeconds = 365 * day;
const mostUnusedDays = 365;

export interface RotationOptions {
  readonly overlapSeconds: number;
  /** Absent: the old certificates end with the overlap, used or not. */
  readonly retireAfterUnusedDays?: number;
}

/** @throws SluiceError `invalid-argument` naming every rule that was broken */
export function readRotationOptions(given: {
  overlapSeconds?: unknown;
  retireAfterUnusedDays?: unknown;
}): RotationOptions {
  const violations: FieldViolation[] = [];
  const whole = (field: keyof typeof given, value: unknown, least: number, most: number, unit: string): number => {
    if (!Number.isInteger(value) || (value as number) < least || (value as number) > most)
      violations.push({ field, message: `must be a whole number of ${unit} from ${least} to ${most}` });
    return value as number;
  };
  const overlapSeconds = whole(
    'overlapSeconds',
    given.overlapSeconds ?? defaultOverlapSeconds,
    0,
    longestOverlapSeconds,
    'seconds',
  );
  const retireAfterUnusedDays =
    given.retireAfterUnusedDays === undefined
      ? undefined
      : whole('retireAfterUnusedDays', given.retireAfterUnusedDays, 1, mostUnusedDays, 'days');
  if (violations.length > 0) throw invalidArgument(violations);
  return { overlapSeconds, ...(retireAfterUnusedDays === undefined ? {} : { retireAfterUnusedDays }) };
}
