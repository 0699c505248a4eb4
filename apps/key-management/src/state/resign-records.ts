import { signedPrefixes, statePrefixOf } from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import {
  RecordReader,
  RecordRefused,
  RecordSigner,
  StateBucket,
  StatePublisher,
  type StoredRecord,
} from '@sluice/messaging';
import { noteInAudit } from '@sluice/persistence';
import { MONOTONIC_CLOCK, PublishedChanges } from '@sluice/service-shell';
import { DataSource } from 'typeorm';
import { recordOf } from './record-of.js';
import { Inject, Injectable } from '@nestjs/common';

/** How long one request works before it says where the next goes on, in milliseconds. */
const stretchMs = 15_000;
const atOnce = 32;

export interface Resigning {
  readonly signingKey: string;
  readonly resigned: number;
  readonly left: number;
  readonly unexpected: number;
  readonly next?: number;
}

type Outcome = 'resigned' | 'left' | 'unexpected';

/**
 * Signs anew what stands in the state bucket under an older key, so that the older key may be removed. It signs what Postgres
 * has rather than what it finds: whoever got hold of the older key may have put something there. Versions stay as they are.
 */
@Injectable()
export class ResignRecords {
  constructor(
    private readonly dataSource: DataSource,
    private readonly changes: PublishedChanges,
    private readonly bucket: StateBucket,
    private readonly publisher: StatePublisher,
    private readonly signer: RecordSigner,
    private readonly reader: RecordReader,
    @Inject(MONOTONIC_CLOCK) private readonly now: () => number,
  ) {}

  /**
   * @param after sequence up to which is done
   * @throws SluiceError `unavailable` when there is no state bucket
   */
  async execute(after: number): Promise<Resigning> {
    this.signer.check();
    const signingKey = this.signer.keyId;
    if (after === 0)
      await this.changes.commit(({ manager }) => noteInAudit(manager, { recordsSignedWith: signingKey }));
    const state = await this.bucket.state();
    if (!state) throw new SluiceError('unavailable', 'There is no state stream at the moment: try again.');
    const counts: Record<Outcome, number> = { resigned: 0, left: 0, unexpected: 0 };
    const deadline = this.now() + stretchMs;
    let done = after;
    // What is signed anew goes to the end of the stream, behind where this ends.
    while (done < state.lastSequence && this.now() < deadline) {
      const older: StoredRecord[] = [];
      while (done < state.lastSequence && older.length < atOnce && this.now() < deadline) {
        const stored = await this.bucket.next(done + 1, '>');
        done = Math.min(stored?.sequence ?? Infinity, state.lastSequence);
        if (stored?.sequence === done && this.#isOlder(stored, signingKey)) older.push(stored);
      }
      for (const outcome of await Promise.all(older.map((stored) => this.#resign(stored)))) counts[outcome]++;
    }
    return { signingKey, ...counts, ...(done < state.lastSequence ? { next: done } : {}) };
  }

  #isOlder({ key, value }: StoredRecord, signingKey: string): boolean {
    const prefix = statePrefixOf(key);
    return prefix !== undefined && signedPrefixes.has(prefix) && RecordReader.keyIdOf(value) !== signingKey;
  }

  async #resign(stored: StoredRecord): Promise<Outcome> {
    const record = (await recordOf(this.dataSource, stored.key)) ?? this.#end(stored);
    if (!record) return 'unexpected';
    // A newer version is on its way, and will be signed with the key of now.
    if (record.version !== stored.version) return 'left';
    const value = this.signer.encode(record);
    return (await this.publisher.publishIf(stored.key, stored.sequence, record.version, value)) ? 'resigned' : 'left';
  }

  /** That something ended is not in Postgres any more: it is believed once more what it says. */
  #end({ key, value }: StoredRecord) {
    try {
      const record = this.reader.decode(key, value);
      return record.deleted ? record : undefined;
    } catch (error) {
      if (error instanceof RecordRefused) return undefined;
      throw error;
    }
  }
}
