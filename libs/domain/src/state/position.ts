/**
 * A point in the one order of everything a decision rests on: the epoch that the state bucket was given when it was made, and its stream sequence.
 * A bucket that is made anew has another epoch, and positions of different epochs do not compare.
 */
export interface Position {
  readonly epoch: string;
  readonly sequence: number;
}

/** A record a verdict rests on, at the sequence it was read; 0 means it was read as absent. */
export interface Dependency {
  readonly key: string;
  readonly sequence: number;
}

/** True when `applied` covers everything up to `wanted`. */
export function hasReached(applied: Position, wanted: Position): boolean {
  return applied.epoch === wanted.epoch && applied.sequence >= wanted.sequence;
}
