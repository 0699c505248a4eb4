import { SluiceError } from '@sluice/domain';
import { StateBucket, StateFollower } from '@sluice/messaging';
import { lockRow, noteInAudit } from '@sluice/persistence';
import { PublishedChanges } from '@sluice/service-shell';
import { DataSource } from 'typeorm';
import { KeepGuards } from '../service-keys/keep-guards.js';
import { rebuilding, Streams } from './streams.js';
import { Injectable } from '@nestjs/common';

const reachTimeoutMs = 10_000;

/**
 * Makes the state bucket anew. The one record in it that is not in Postgres first is the guard of an unpinned key, so the
 * old bucket is sealed, its guards are stored, and only then it goes. Where that ended in between, a sealed bucket is left, and
 * whoever finds it goes on.
 */
@Injectable()
export class RebuildState {
  constructor(
    private readonly dataSource: DataSource,
    private readonly changes: PublishedChanges,
    private readonly bucket: StateBucket,
    private readonly follower: StateFollower,
    private readonly guards: KeepGuards,
    private readonly streams: Streams,
  ) {}

  /**
   * @returns the new bucket's epoch; the writing services begin to fill it by themselves
   * @throws SluiceError `unavailable` when the bus or Postgres is away
   */
  async execute(): Promise<{ epoch: string }> {
    await this.changes.commit(({ manager }) => noteInAudit(manager, { stateStream: 'made anew' }));
    return this.#alone(async () => {
      const state = await this.bucket.state();
      if (state) {
        // Before the point of no return: a bucket that cannot be followed now would stay sealed for as long.
        if (!state.sealed) await this.#reach(state);
        await this.#replace();
      }
      await this.streams.make();
      return { epoch: (await this.bucket.state())?.epoch ?? '' };
    });
  }

  /**
   * Replaces the bucket of one epoch, unless it was replaced already.
   * @throws SluiceError `unavailable` when the bus or Postgres is away: then it is to be tried again
   */
  async replace(epoch: string): Promise<void> {
    await this.changes.commit(({ manager }) => noteInAudit(manager, { stateStream: 'made anew' }));
    await this.#alone(async () => {
      if ((await this.bucket.state())?.epoch === epoch) await this.#replace();
      await this.streams.make();
    });
  }

  async #replace(): Promise<void> {
    await this.bucket.seal();
    const sealed = await this.bucket.state();
    if (!sealed) return;
    await this.#reach(sealed);
    await this.guards.store();
    await this.bucket.remove();
  }

  async #reach({ epoch, lastSequence }: { epoch: string; lastSequence: number }): Promise<void> {
    if (await this.follower.reach({ epoch, sequence: lastSequence }, reachTimeoutMs)) return;
    throw new SluiceError('unavailable', 'key-management is not in step with the state stream: try again.');
  }

  /** Of several processes one does it at a time. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    return this.dataSource.transaction(async (manager) => {
      await lockRow(manager, rebuilding);
      return work();
    });
  }
}
