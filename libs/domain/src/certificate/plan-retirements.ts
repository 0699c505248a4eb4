/** A certificate or secret of a key, as far as its end is concerned. Times are milliseconds since 1970. */
export interface PlannedCredential {
  /** Of a certificate its SHA-256. */
  readonly id: string;
  readonly createdAtMs: number;
  /** Infinity for a secret that does not expire. */
  readonly notAfterMs: number;
  readonly revoked: boolean;
  /** When it is to end by schedule; absent for one without a schedule. */
  readonly endsAtMs?: number;
  /** Its scheduled end was put off before, and stays so until it is given another. */
  readonly putOff: boolean;
}

/**
 * Which certificates (or secrets) of a key must outlive their scheduled end, because it would leave the key without any usable one: a
 * schedule never ends the last. Revocation and expiry do. Decided from what is known at `now`, for the whole future, so
 * that whoever reads the ends afterwards needs no process to be up when they come.
 * @returns the id of each
 */
export function planRetirements(certificates: readonly PlannedCredential[], now: number): ReadonlySet<string> {
  const live = certificates.filter((certificate) => !hasEnded(certificate, now));
  const kept = new Set(live.filter(({ putOff }) => putOff).map(({ id }) => id));
  const endOf = ({ id, endsAtMs }: PlannedCredential) =>
    endsAtMs === undefined || kept.has(id) ? Number.POSITIVE_INFINITY : endsAtMs;
  const scheduled = live
    .filter((certificate) => endOf(certificate) < certificate.notAfterMs)
    .sort((a, b) => endOf(a) - endOf(b) || a.createdAtMs - b.createdAtMs);
  for (const [index, certificate] of scheduled.entries()) {
    const end = endOf(certificate);
    const later = new Set(scheduled.slice(index + 1));
    const outlived = live.some(
      (other) =>
        // Stryker disable next-line ConditionalExpression: it ends no later than itself, and is not among those after it
        other !== certificate &&
        other.notAfterMs > end &&
        (endOf(other) > end || (endOf(other) === end && later.has(other))),
    );
    if (!outlived) kept.add(certificate.id);
  }
  return kept;
}

function hasEnded({ revoked, notAfterMs, endsAtMs, putOff }: PlannedCredential, now: number): boolean {
  return revoked || notAfterMs <= now || (endsAtMs !== undefined && endsAtMs < now && !putOff);
}
