import type { GuardRecord } from '@sluice/contracts';
import { StateFollower } from '@sluice/messaging';
import { DataSource } from 'typeorm';
import { Inject, Injectable } from '@nestjs/common';
import { ON_FAULT } from '@sluice/service-shell';

/**
 * Guards of unpinned keys flow back into Postgres, so that a bucket that is made anew starts from where verifiers had come.
 * Only forward, and only for the key the guard was written for.
 */
@Injectable()
export class KeepGuards {
  readonly #pending = new Map<string, GuardRecord>();
  #storing: Promise<void> | undefined;

  constructor(
    private readonly dataSource: DataSource,
    private readonly follower: StateFollower,
    @Inject(ON_FAULT) private readonly onFault: (error: unknown, what: string) => void,
  ) {
    follower.onChange(({ key }) => {
      if (key.startsWith('guard.')) this.#take(follower.held<'guard'>(key).record);
    });
    follower.onLoaded(() => {
      for (const { record } of follower.heldOf('guard')) this.#take(record);
    });
  }

  /** Returns when every guard the follower has is in Postgres, however long that takes. */
  async store(): Promise<void> {
    for (const { record } of this.follower.heldOf('guard')) this.#take(record);
    while (this.#storing) await this.#storing;
  }

  #take(record: GuardRecord | undefined): void {
    if (!record) return;
    this.#pending.set(record.digest, record);
    this.#storing ??= this.#storePending().finally(() => (this.#storing = undefined));
  }

  async #storePending(): Promise<void> {
    for (let pause = 100; this.#pending.size > 0;) {
      const [next] = this.#pending.values();
      if (!next) break;
      try {
        await storeGuard(this.dataSource, next);
        if (this.#pending.get(next.digest) === next) this.#pending.delete(next.digest);
        pause = 100;
      } catch (error) {
        this.onFault(error, 'storing the guard of an unpinned key');
        await new Promise((resolve) => setTimeout(resolve, pause));
        pause = Math.min(pause * 2, 5_000);
      }
    }
  }
}

async function storeGuard(dataSource: DataSource, guard: GuardRecord): Promise<void> {
  await dataSource.query(
    `UPDATE unpinned_key
     SET accepted_sha256 = $3, accepted_not_before = $4, issuer_key_sha256 = COALESCE(issuer_key_sha256, $5)
     WHERE digest = $1 AND service_key_id = $2 AND (accepted_not_before < $4 OR issuer_key_sha256 IS NULL)`,
    [
      guard.digest,
      guard.serviceKeyId,
      guard.accepted.sha256,
      new Date(guard.accepted.notBeforeMs),
      guard.issuerKeySha256,
    ],
  );
}
