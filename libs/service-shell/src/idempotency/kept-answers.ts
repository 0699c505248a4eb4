import type { SecretSealer } from '@sluice/persistence';
import type { DataSource, EntityManager } from 'typeorm';

/** How long an answer is kept. */
export const answerKeptMs = 600_000;

/** Whose call it is, and which: another one with the same key is told so by its digest. */
export interface CallIdentity {
  readonly administrator: string;
  readonly key: string;
  /** SHA-256 of what was asked for, in hex. */
  readonly digest: string;
}

export interface KeptAnswer {
  readonly digest: string;
  /** JSON; undefined: it was given to who repeated the call, or cannot be opened. */
  readonly answer: string | undefined;
  readonly outboxIds: readonly string[];
}

interface Row {
  readonly digest: string;
  readonly answer: Buffer | null;
  readonly outbox_ids: string[];
}

/** Names what an answer is sealed for: it can be opened for no other administrator, key or request. */
const ownerOf = ({ administrator, key, digest }: CallIdentity) =>
  `idempotent-answer:${JSON.stringify([administrator, key, digest])}`;

/** The table of answers that are kept. */
export class KeptAnswers {
  /** @param sealer of a service whose answers have secrets; without one they are kept as they are */
  constructor(
    private readonly dataSource: DataSource,
    private readonly now: () => number,
    private readonly onFault: (error: unknown, what: string) => void,
    private readonly sealer?: SecretSealer,
  ) {}

  /**
   * Takes the key of a call for the transaction, waiting for another one that has it.
   * @returns false when an answer is kept under it
   */
  async claim(manager: EntityManager, { administrator, key, digest }: CallIdentity, secret: boolean): Promise<boolean> {
    const [now, expiresAt] = [new Date(this.now()), new Date(this.now() + answerKeptMs)];
    const rows = await manager.query<unknown[]>(
      `INSERT INTO idempotent_answer AS kept (administrator, key, digest, secret, expires_at) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (administrator, key) DO UPDATE
         SET digest = $3, secret = $4, expires_at = $5, answer = NULL, outbox_ids = '{}' WHERE kept.expires_at <= $6
       RETURNING 1`,
      [administrator, key, digest, secret, expiresAt, now],
    );
    return rows.length > 0;
  }

  async keep(manager: EntityManager, call: CallIdentity, answer: string, outboxIds: readonly string[]): Promise<void> {
    const plain = Buffer.from(answer);
    await manager.query(
      'UPDATE idempotent_answer SET answer = $3, outbox_ids = $4 WHERE administrator = $1 AND key = $2',
      [call.administrator, call.key, this.sealer?.seal(plain, ownerOf(call)) ?? plain, outboxIds],
    );
  }

  /**
   * What is kept under the key of a call. One with a secret is given once, and to the same call alone.
   * @returns undefined when there is nothing
   */
  async take(call: CallIdentity): Promise<KeptAnswer | undefined> {
    const { administrator, key, digest } = call;
    // The row is locked before it is read: of two that ask at once one gets the secret.
    const rows = await this.dataSource.query<[Row[], number]>(
      `WITH kept AS (SELECT * FROM idempotent_answer WHERE administrator = $1 AND key = $2 AND expires_at > $4 FOR UPDATE)
       UPDATE idempotent_answer AS stored SET answer = CASE WHEN kept.secret AND kept.digest = $3 THEN NULL ELSE kept.answer END
       FROM kept WHERE stored.administrator = $1 AND stored.key = $2
       RETURNING kept.digest, kept.answer, kept.outbox_ids`,
      [administrator, key, digest, new Date(this.now())],
    );
    const [row] = rows[0];
    if (!row) return undefined;
    const opened = row.digest === digest && row.answer ? this.#open(row.answer, call) : undefined;
    return { digest: row.digest, answer: opened?.toString('utf8'), outboxIds: row.outbox_ids };
  }

  /** @returns undefined when the master key that it was sealed under is gone, or it was sealed for another call */
  #open(sealed: Buffer, call: CallIdentity): Buffer | undefined {
    try {
      return this.sealer ? this.sealer.open(sealed, ownerOf(call)) : sealed;
    } catch (error) {
      this.onFault(error, 'opening the answer of a repeated call');
      return undefined;
    }
  }

  /** Removes what is kept no longer. */
  async sweep(): Promise<void> {
    await this.dataSource.query('DELETE FROM idempotent_answer WHERE expires_at <= $1', [new Date(this.now())]);
  }
}
