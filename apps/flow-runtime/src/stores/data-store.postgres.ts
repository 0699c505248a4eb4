import { FlowProcessingError, type DataStoreEntry, type DataStoreName, type DataStorePort } from '@sluice/flow-engine';
import type { SecretSealer } from '@sluice/persistence';
import type { DataSource } from 'typeorm';
import { expiryOf, queryStore } from './query-store.js';

interface EntryRow {
  readonly id: string;
  readonly body: Buffer;
  readonly sealed: boolean;
  readonly headers: Record<string, string>;
}

/** Octets of all entries that one select step gets: they are held at once. */
const maxSelectedBytes = 64 * 1_048_576;

/** The data stores as one flow sees them. */
export class PostgresDataStore implements DataStorePort {
  constructor(
    private readonly dataSource: DataSource,
    private readonly sealer: SecretSealer,
    private readonly now: () => number,
    private readonly flowId: string,
  ) {}

  async write(
    name: DataStoreName,
    entry: DataStoreEntry,
    options: { readonly overwrite: boolean; readonly encrypt: boolean; readonly expirationDays: number },
  ): Promise<void> {
    const now = this.now();
    const body = options.encrypt
      ? await this.sealer.sealInTurns(entry.body, this.#ownerOf(name, entry.id))
      : entry.body;
    // An entry whose days are over counts as gone, whether or not it was swept away.
    const written = await this.#query<{ id: string }>(
      `INSERT INTO data_store_entry AS present (flow_id, store, id, body, sealed, headers, created_at, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7, $8)
       ON CONFLICT (flow_id, store, id) DO UPDATE SET body = $4, sealed = $5, headers = $6::jsonb, created_at = $7, expires_at = $8
       WHERE $9 OR present.expires_at <= $7
       RETURNING id`,
      [
        this.#scopeOf(name),
        name.store,
        entry.id,
        Buffer.from(body.buffer, body.byteOffset, body.length),
        options.encrypt,
        JSON.stringify(entry.headers),
        new Date(now),
        expiryOf(now, options.expirationDays),
        options.overwrite,
      ],
    );
    if (written.length === 0)
      throw new FlowProcessingError(
        'data-store-duplicate',
        `The data store "${name.store}" has an entry "${entry.id}" already, and the step does not overwrite.`,
      );
  }

  async get(name: DataStoreName, id: string): Promise<DataStoreEntry | undefined> {
    const [row] = await this.#query<EntryRow>(
      `SELECT id, body, sealed, headers FROM data_store_entry
       WHERE flow_id = $1 AND store = $2 AND id = $3 AND expires_at > $4`,
      [this.#scopeOf(name), name.store, id, new Date(this.now())],
    );
    return row && (await this.#open(name, row));
  }

  async select(name: DataStoreName, maximumEntries: number): Promise<readonly DataStoreEntry[]> {
    // Of a large value Postgres knows the length without reading it.
    const [size] = await this.#query<{ bytes: string }>(
      `SELECT coalesce(sum(octet_length(body)), 0) AS bytes FROM (
         SELECT body FROM data_store_entry WHERE flow_id = $1 AND store = $2 AND expires_at > $3
         ORDER BY created_at, position LIMIT $4) AS selected`,
      [this.#scopeOf(name), name.store, new Date(this.now()), maximumEntries],
    );
    if (Number(size?.bytes) > maxSelectedBytes)
      throw new FlowProcessingError(
        'limit-exceeded',
        `The entries of "${name.store}" have ${size?.bytes} octets together, and ${maxSelectedBytes} are the most that is selected: ask for fewer.`,
      );
    const rows = await this.#query<EntryRow>(
      `SELECT id, body, sealed, headers FROM data_store_entry
       WHERE flow_id = $1 AND store = $2 AND expires_at > $3 ORDER BY created_at, position LIMIT $4`,
      [this.#scopeOf(name), name.store, new Date(this.now()), maximumEntries],
    );
    const entries: DataStoreEntry[] = [];
    for (const row of rows) entries.push(await this.#open(name, row));
    return entries;
  }

  async delete(name: DataStoreName, ids: readonly string[]): Promise<void> {
    await this.#query('DELETE FROM data_store_entry WHERE flow_id = $1 AND store = $2 AND id = ANY($3::text[])', [
      this.#scopeOf(name),
      name.store,
      [...ids],
    ]);
  }

  #scopeOf({ visibility }: DataStoreName): string {
    return visibility === 'local' ? this.flowId : '';
  }

  #ownerOf(name: DataStoreName, id: string): string {
    return `data-store-entry:${JSON.stringify([this.#scopeOf(name), name.store, id])}`;
  }

  async #open(name: DataStoreName, { id, body, sealed, headers }: EntryRow): Promise<DataStoreEntry> {
    try {
      return { id, headers, body: sealed ? await this.sealer.openInTurns(body, this.#ownerOf(name, id)) : body };
    } catch (error) {
      throw new FlowProcessingError('data-store-failed', `The entry "${id}" of "${name.store}" cannot be opened.`, {
        cause: error,
      });
    }
  }

  #query<Row>(statement: string, parameters: readonly unknown[]): Promise<Row[]> {
    return queryStore<Row>(this.dataSource, 'data-store-failed', 'data store', statement, parameters);
  }
}
