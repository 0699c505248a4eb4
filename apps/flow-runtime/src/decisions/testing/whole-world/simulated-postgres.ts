import type { StateRecord, StateWriter } from '@sluice/contracts';
import type { AcknowledgedRecord, Acknowledgements, KnownEpoch } from '@sluice/persistence';

/** Whether a record lets callers in, and since when everybody may be expected to know. */
export interface Truth {
  readonly record: StateRecord;
  readonly grants: boolean;
  readonly committedAt: number;
  /** When it was acknowledged, in milliseconds; undefined: it is not yet. */
  acknowledgedAt: number | undefined;
}

/** The tables of the writing services: what is committed here stays, whatever happens to the bus. */
export class SimulatedPostgres {
  away = false;
  readonly truths = new Map<string, Truth[]>();
  readonly #outbox = new Map<StateWriter, StateRecord[]>();
  readonly #acknowledged = new Map<StateWriter, (AcknowledgedRecord & { epoch: string })[]>();
  readonly #epochs = new Map<StateWriter, KnownEpoch>();
  #version = 0;

  nextVersion(): number {
    return ++this.#version;
  }

  commit(writer: StateWriter, record: StateRecord, grants: boolean): void {
    const history = this.truths.get(record.key) ?? [];
    history.push({ record, grants, committedAt: performance.now(), acknowledgedAt: undefined });
    this.truths.set(record.key, history);
    this.outboxOf(writer).push(record);
  }

  outboxOf(writer: StateWriter): StateRecord[] {
    const rows = this.#outbox.get(writer) ?? [];
    this.#outbox.set(writer, rows);
    return rows;
  }

  /** The statement that ends an outbox row. */
  end(writer: StateWriter, record: StateRecord, epoch: string | undefined, sequence: number, now: number): void {
    this.mustBeThere();
    const rows = this.outboxOf(writer);
    const at = rows.indexOf(record);
    if (at === -1) return;
    rows.splice(at, 1);
    const { key, version } = record;
    if (epoch !== undefined)
      this.#acknowledged.set(writer, [
        ...(this.#acknowledged.get(writer) ?? []).slice(-500),
        { key, version, sequence, epoch },
      ]);
    const truth = this.truths.get(key)?.find((one) => one.record === record);
    if (truth) truth.acknowledgedAt = now;
  }

  async pendingKeysOf(writer: StateWriter): Promise<ReadonlySet<string>> {
    this.mustBeThere();
    return new Set(this.outboxOf(writer).map(({ key }) => key));
  }

  recordsOf(writer: StateWriter, prefixes: readonly string[]): StateRecord[] {
    void writer;
    return [...this.truths.values()]
      .map((history) => history.at(-1)?.record)
      .filter((record): record is StateRecord => prefixes.some((prefix) => record?.key.startsWith(`${prefix}.`)));
  }

  acknowledgementsOf(
    writer: StateWriter,
  ): Pick<Acknowledgements, 'knownEpoch' | 'enterEpoch' | 'recordsOf' | 'sentOf'> {
    return {
      sentOf: async (epoch, keys) => {
        this.mustBeThere();
        const waiting = this.outboxOf(writer).map((record) => ({ key: record.key, body: { ...record } }));
        const acknowledged = (this.#acknowledged.get(writer) ?? []).filter((row) => row.epoch === epoch);
        return [...waiting, ...acknowledged].filter(({ key }) => keys.includes(key));
      },
      knownEpoch: async () => {
        this.mustBeThere();
        return this.#epochs.get(writer);
      },
      enterEpoch: async (epoch) => {
        this.mustBeThere();
        this.#epochs.set(writer, epoch);
      },
      recordsOf: async (epoch) => {
        this.mustBeThere();
        const newest = new Map<string, AcknowledgedRecord>();
        for (const row of this.#acknowledged.get(writer) ?? []) {
          const before = newest.get(row.key);
          if (row.epoch === epoch && (!before || before.sequence < row.sequence)) newest.set(row.key, row);
        }
        return [...newest.values()].sort((a, b) => b.sequence - a.sequence);
      },
    };
  }

  /** @throws Error while it is away */
  mustBeThere(): void {
    if (this.away) throw new Error('Postgres is away');
  }
}
