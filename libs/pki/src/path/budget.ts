/**
 * What one judgement may cost. Every limit ends in the refusal `over-budget`, so the time of a judgement is bounded
 * whatever a stranger sends (attack 23).
 */
export interface Budget {
  /** Signature checks, in units of one RSA-2048 check (30 µs): see `signatureCost`. */
  readonly signatures: number;
  /** Certificates in the untrusted pool. */
  readonly certificates: number;
  /** Octets of DER in the leaf and the pool. */
  readonly bytes: number;
  /** Names times constraints compared. */
  readonly nameComparisons: number;
  /** Certificates appended to a path while searching. */
  readonly steps: number;
}

/** What well-formed chains of public CAs need many times over; at its worst some 100 ms on one core of 2023. */
export const defaultBudget: Budget = Object.freeze({
  signatures: 1000,
  certificates: 256,
  bytes: 1 << 20,
  nameComparisons: 1_050_000,
  steps: 4000,
});

/**
 * For callers that judge what strangers send while others wait: enough for a chain of three CAs, cross-signed, with P-384
 * keys; some 10 ms at its worst.
 */
export const strangerBudget: Budget = Object.freeze({
  signatures: 200,
  certificates: 16,
  bytes: 1 << 16,
  nameComparisons: 20_000,
  steps: 200,
});

/** Thrown inside a judgement when a limit is passed; never leaves the library. */
export class OverBudget extends Error {
  constructor(
    readonly limit: keyof Budget,
    readonly allowed: number,
  ) {
    super(`over budget: ${limit}`);
    this.name = 'OverBudget';
  }
}

/** Counts what a judgement has spent. */
export class Spending {
  private readonly spent: Record<keyof Budget, number> = {
    signatures: 0,
    certificates: 0,
    bytes: 0,
    nameComparisons: 0,
    steps: 0,
  };

  constructor(private readonly budget: Budget) {}

  /** @throws {OverBudget} */
  spend(limit: keyof Budget, amount: number): void {
    if ((this.spent[limit] += amount) > this.budget[limit]) throw new OverBudget(limit, this.budget[limit]);
  }

  /** What was spent, for logs and measurements. */
  get total(): Readonly<Record<keyof Budget, number>> {
    return this.spent;
  }
}
