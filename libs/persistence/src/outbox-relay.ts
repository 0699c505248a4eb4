import type pg from 'pg';
import { queryTimeoutMs, sessionTimeouts } from './data-source.js';
import { outboxChannels, type Acknowledgement, type OutboxRow } from './outbox.js';
import { publishBatch } from './publish-batch.js';
import { sessionLock } from './row-lock.js';
import { postgresClient } from './servers/postgres-client.js';

/** What a relay goes through. */
export type RelayStep =
  | 'relay-leading'
  | 'batch-placed'
  | 'batch-read'
  | 'row-unpublished'
  | 'row-published'
  | 'batch-published'
  | 'batch-deleted';

export interface OutboxRelayOptions {
  readonly databaseUrl: string;
  readonly schema: string;
  /** Publishes one row; returns when the bus has it. Which rows side by side, which only after others: `publishBatch`. */
  readonly publish: (row: OutboxRow) => Promise<Acknowledgement>;
  /**
   * The relay became the one that publishes, or begins anew: what is remembered of the bus may be old, and Postgres may be a copy of
   * an earlier time. Nothing is placed or published before it resolves; when it rejects, the relay lets go of the lock.
   */
  readonly onTakeOver: () => Promise<void> | void;
  readonly onFault: (error: unknown, what: string) => void;
  readonly batchSize?: number;
  /** Told each step, in tests of what a crash there leaves behind. */
  readonly onStep?: ((step: RelayStep) => void) | undefined;
}

/** Longer than two publications that time out. */
const silentSessionMs = 15_000;

/** Between two tries while the bus or Postgres takes nothing, in milliseconds. */
const maxPauseMs = 1_000;

/** The rows end, and what the bus said of them stays, in one statement. An event keeps its body: it may have to be published again. */
const endPublished = `
  WITH ended AS (DELETE FROM outbox WHERE id = ANY($1::bigint[]) RETURNING id, kind, name, version, position, body),
  kept AS (
    INSERT INTO acknowledged (id, kind, name, version, position, body, epoch, sequence)
    SELECT ended.id, kind, name, version, position, CASE kind WHEN 'event' THEN body END, said.epoch, said.sequence
    FROM ended JOIN unnest($1::bigint[], $2::text[], $3::bigint[]) AS said (id, epoch, sequence) ON said.id = ended.id)
  SELECT pg_notify($4, $5)`;

const placeAndRead = `
  WITH numbered AS (
    SELECT id, nextval('outbox_position') AS position FROM (
      SELECT id FROM outbox WHERE position IS NULL ORDER BY id LIMIT $1 FOR UPDATE) unplaced ORDER BY id),
  placed AS (
    UPDATE outbox SET position = numbered.position FROM numbered WHERE outbox.id = numbered.id
    RETURNING outbox.id, kind, name, version, body, outbox.position)
  SELECT id, kind, name, version, body, position FROM outbox WHERE position IS NOT NULL
  UNION ALL SELECT * FROM placed
  ORDER BY position LIMIT $1`;

type Waiter = (published: boolean) => void;

/**
 * Publishes the outbox of one schema. Among the processes of a service the holder of a lock does it; every process hears
 * what was published. It wakes by NOTIFY; the slow poll beside it is for a notification that was lost. Whoever may connect
 * to the database can notify (ADR 31), so a notification is a reason to look at the table and proves nothing.
 */
export class OutboxRelay {
  #client: pg.Client | undefined;
  #stopped = false;
  #leading = false;
  #waitingSince: number | undefined;
  #published = 0;
  #wake: (() => void) | undefined;
  #woken = false;
  #running: Promise<void> | undefined;
  readonly #waiting = new Map<string, Set<Waiter>>();
  /** Ids published or heard of lately, for who begins to wait afterwards; true: published by this process itself. */
  readonly #heard = new Map<string, boolean>();
  #looking = false;
  #lookAgain = false;
  readonly #channels: { readonly added: string; readonly published: string };
  readonly #lock = sessionLock('outbox');

  constructor(private readonly options: OutboxRelayOptions) {
    this.#channels = outboxChannels(options.schema);
  }

  get leading(): boolean {
    return this.#leading;
  }

  /** It has no connection to Postgres, and so nobody knows who leads. */
  get disconnected(): boolean {
    return this.#client === undefined;
  }

  /**
   * Milliseconds since the oldest row that waits was first seen, also while the bus does not take it and this process begins
   * anew each time; 0 when none waits, or another process leads.
   */
  get lagMs(): number {
    return this.#waitingSince !== undefined ? Date.now() - this.#waitingSince : 0;
  }

  /** Rows this process has published. */
  get publishedRows(): number {
    return this.#published;
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#nudge();
    await this.#running;
  }

  /** @returns true when all these rows were published within the time; false when the bus does not take them now */
  async published(outboxIds: readonly string[], timeoutMs: number): Promise<boolean> {
    const deadline = Date.now() + timeoutMs;
    const results = await Promise.all(outboxIds.map((id) => this.#waitFor(id, deadline)));
    return results.every(Boolean);
  }

  #waitFor(id: string, deadline: number): Promise<boolean> {
    return new Promise((resolve) => {
      const waiters = this.#waiting.get(id) ?? new Set<Waiter>();
      this.#waiting.set(id, waiters);
      const settle: Waiter = (published) => {
        clearTimeout(timer);
        clearInterval(check);
        waiters.delete(settle);
        if (waiters.size === 0) this.#waiting.delete(id);
        resolve(published);
      };
      const timer = setTimeout(() => void this.#isGone(id).then(settle), Math.max(0, deadline - Date.now()));
      // A notification is missed while the connection is made; a look at the table is not.
      const check = setInterval(() => void this.#isGone(id).then((gone) => gone && settle(true)), 250);
      waiters.add(settle);
      if (this.#heard.get(id)) settle(true);
      else if (this.#heard.has(id)) void this.#look();
    });
  }

  async #isGone(id: string): Promise<boolean> {
    try {
      const result = await this.#client?.query('SELECT 1 FROM outbox WHERE id = $1', [id]);
      return result?.rowCount === 0;
    } catch {
      // Not known is not published; the caller says `pending`.
      return false;
    }
  }

  async #run(): Promise<void> {
    for (let pause = 100; !this.#stopped; pause = Math.min(pause * 2, maxPauseMs)) {
      try {
        await this.#session(() => (pause = 100));
      } catch (error) {
        if (!this.#stopped) this.options.onFault(error, 'relaying the outbox');
      }
      this.#leading = false;
      await this.#client?.end().catch((error: unknown) => this.options.onFault(error, 'closing the outbox connection'));
      this.#client = undefined;
      if (!this.#stopped) await new Promise((resolve) => setTimeout(resolve, pause * (0.5 + Math.random())));
    }
  }

  async #session(onProgress: () => void): Promise<void> {
    const client = postgresClient(this.options.databaseUrl, {
      // A process that is frozen keeps its connection and so the lock; the server ends a session that has been silent.
      options: `-c search_path=${this.options.schema} -c idle_session_timeout=${silentSessionMs} ${sessionTimeouts}`,
      application_name: `${this.options.schema}-outbox`,
      query_timeout: queryTimeoutMs,
    });
    let lost: Error | undefined;
    client.on('error', (error) => {
      lost = error;
      this.#nudge();
    });
    client.on('notification', ({ channel, payload }) => {
      if (channel === this.#channels.added) this.#nudge();
      else this.#hint((payload ?? '').split(','));
    });
    await client.connect();
    this.#client = client;
    await client.query(`LISTEN ${this.#channels.added}`);
    await client.query(`LISTEN ${this.#channels.published}`);
    await client.query(this.#lock.prepare);
    while (!this.#stopped && !lost) {
      if (!this.#leading) {
        if (!(await takeLock(client, this.#lock.take))) this.#waitingSince = undefined;
        else {
          await this.options.onTakeOver();
          this.#leading = true;
          this.options.onStep?.('relay-leading');
        }
      }
      if (this.#leading) {
        for (let more = true; more && !this.#stopped && !lost;) {
          more = await this.#relayBatch(client);
          onProgress();
        }
      }
      await this.#idle(this.#leading ? 1_000 : 500);
    }
    if (lost) throw lost;
  }

  /** @returns whether there may be more */
  async #relayBatch(client: pg.Client): Promise<boolean> {
    const size = this.options.batchSize ?? 200;
    this.#woken = false;
    // Places are given in one statement, in the order of insertion; a row that commits later gets a later place. Rows that have
    // one are of a batch that was not ended, and go first. The statement sees the table as it was before its own update.
    const { rows } = await client.query<OutboxRow>({ name: 'place-and-read', text: placeAndRead, values: [size] });
    this.#step('batch-placed', rows.length);
    this.#step('batch-read', rows.length);
    if (rows.length === 0) {
      this.#waitingSince = undefined;
      return false;
    }
    this.#waitingSince ??= Date.now();
    const published = new Map<string, Acknowledgement>();
    try {
      await publishBatch(rows, published, {
        publish: this.options.publish,
        onPublishing: () => this.#step('row-unpublished', 1),
        onPublished: () => {
          this.#step('row-published', 1);
          this.#published++;
        },
      });
    } finally {
      this.#step('batch-published', published.size);
      if (published.size > 0) {
        const ids = [...published.keys()];
        const said = [...published.values()];
        await client.query({
          name: 'end-published',
          text: endPublished,
          values: [
            ids,
            said.map(({ epoch }) => epoch ?? null),
            said.map(({ sequence }) => sequence),
            this.#channels.published,
            ids.join(','),
          ],
        });
        this.#step('batch-deleted', ids.length);
        this.#hear(ids);
      }
    }
    // Whoever adds rows later says so: an empty look at the table for each batch would be of no use.
    if (rows.length < size && !this.#woken) {
      this.#waitingSince = undefined;
      return false;
    }
    return true;
  }

  /** @param rows how many it is about; a step that is about none is none */
  #step(step: RelayStep, rows: number): void {
    if (rows > 0) this.options.onStep?.(step);
  }

  #hear(ids: readonly string[]): void {
    for (const id of ids) {
      this.#remember(id, true);
      this.#waiting.get(id)?.forEach((settle) => settle(true));
    }
  }

  /** Somebody says that these were published. */
  #hint(ids: readonly string[]): void {
    for (const id of ids) if (!this.#heard.has(id)) this.#remember(id, false);
    if (ids.some((id) => this.#waiting.has(id))) void this.#look();
  }

  #remember(id: string, certain: boolean): void {
    this.#heard.set(id, certain);
    for (const oldest of this.#heard.keys()) {
      if (this.#heard.size <= 10_000) break;
      this.#heard.delete(oldest);
    }
  }

  /** Settles what is waited for and no longer in the table; one look at a time, however many say that there is a reason to. */
  async #look(): Promise<void> {
    this.#lookAgain = true;
    if (this.#looking) return;
    this.#looking = true;
    try {
      while (this.#lookAgain) {
        this.#lookAgain = false;
        const ids = [...this.#waiting.keys()];
        const left = await this.#client?.query<{ id: string }>({
          name: 'still-waiting',
          text: 'SELECT id FROM outbox WHERE id = ANY($1::bigint[])',
          values: [ids],
        });
        if (!left) return;
        const waiting = new Set(left.rows.map(({ id }) => id));
        this.#hear(ids.filter((id) => !waiting.has(id)));
      }
    } catch (error) {
      // Not known is not published; whoever waits looks by itself, and says `pending` in the end.
      if (!this.#stopped) this.options.onFault(error, 'looking for what was published');
    } finally {
      this.#looking = false;
    }
  }

  #nudge(): void {
    this.#woken = true;
    this.#wake?.();
  }

  #idle(timeoutMs: number): Promise<void> {
    if (this.#woken) {
      this.#woken = false;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        this.#woken = false;
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#wake = done;
    });
  }
}

/** @returns whether this session holds the lock now */
async function takeLock(client: pg.Client, statements: string): Promise<boolean> {
  // Several statements in one text give a result each.
  const results = (await client.query(statements)) as unknown as pg.QueryResult[];
  return results.some(({ command, rowCount }) => command === 'UPDATE' && rowCount === 1);
}
