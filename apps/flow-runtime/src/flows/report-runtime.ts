import type { FlowView } from '@sluice/contracts';
import type { DataSource } from 'typeorm';
import type { DeployedFlows } from './deployed-flows.js';

type RuntimeView = NonNullable<FlowView['runtimes']>[number];

/** What changes together is written together. */
const gatherMs = 20;

/**
 * Tells the other runtimes, through Postgres, that this one lives and how it holds each flow. With Postgres away it goes
 * on trying; nothing of it is on the way of a request.
 */
export class ReportRuntime {
  #written = new Map<string, string>();
  #known = false;
  #timer: NodeJS.Timeout | undefined;
  #gathering: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #stopped = false;

  /**
   * @param runtime its id is of this process alone; its name is for people
   * @param goneAfterMs so long a runtime is not seen before it is not counted among those that hold flows
   */
  constructor(
    private readonly dataSource: DataSource,
    private readonly flows: DeployedFlows,
    private readonly runtime: { readonly id: string; readonly name: string },
    private readonly onFault: (error: unknown, what: string) => void,
    private readonly goneAfterMs = 20_000,
  ) {}

  start(): void {
    this.#timer = setInterval(() => this.#write(), this.goneAfterMs / 4);
    this.#write();
  }

  /** To be called when a flow was started, replaced or ended. */
  changed(): void {
    if (this.#stopped) return;
    this.#gathering ??= setTimeout(() => this.#write(), gatherMs);
  }

  /** Says that this runtime holds nothing any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    clearTimeout(this.#gathering);
    await this.#writing;
    await this.dataSource.query('DELETE FROM runtime WHERE id = $1', [this.runtime.id]);
  }

  /** How every living runtime holds a version of a flow, by the runtimes' names. */
  async holdersOf(flowId: string, version: number): Promise<RuntimeView[]> {
    const rows = await this.dataSource.query<
      { id: string; name: string; version: string | null; error: string | null }[]
    >(
      `SELECT runtime.id, runtime.name, held.version, held.error
       FROM runtime LEFT JOIN flow_on_runtime held ON held.runtime_id = runtime.id AND held.flow_id = $1
       WHERE runtime.seen_at > now() - $2 * interval '1 millisecond' AND runtime.id <> $3`,
      [flowId, this.goneAfterMs, this.runtime.id],
    );
    const own = this.flows.stateOf(flowId);
    const others = rows.map((row) =>
      toView(row.name, version, row.version === null ? undefined : Number(row.version), row.error ?? undefined),
    );
    return [toView(this.runtime.name, version, own?.version, own?.error), ...others].sort((a, b) =>
      a.name < b.name ? -1 : 1,
    );
  }

  #write(): void {
    this.#gathering = undefined;
    this.#writing = this.#writing.then(() =>
      this.#writeNow().catch((error: unknown) => {
        this.#known = false;
        this.onFault(error, 'telling how this runtime holds the flows');
      }),
    );
  }

  async #writeNow(): Promise<void> {
    const { id, name } = this.runtime;
    const inserted = await this.dataSource.query<{ fresh: boolean }[]>(
      `INSERT INTO runtime (id, name, started_at, seen_at) VALUES ($1, $2, now(), now())
       ON CONFLICT (id) DO UPDATE SET seen_at = now(), reachable_since = CASE
         WHEN runtime.seen_at < now() - $3 * interval '1 millisecond' THEN now() ELSE runtime.reachable_since END
       RETURNING (xmax = 0) AS fresh`,
      [id, name, this.goneAfterMs / 2],
    );
    // Somebody swept this runtime away while it could not be seen: its flows went with it.
    if (inserted[0]?.fresh || !this.#known) this.#written.clear();
    this.#known = true;
    const held = new Map<string, string>();
    for (const [flowId, { version, error }] of this.flows.states())
      held.set(flowId, JSON.stringify([flowId, version, error ?? null]));
    const changed = [...held].filter(([flowId, state]) => this.#written.get(flowId) !== state);
    const gone = [...this.#written.keys()].filter((flowId) => !held.has(flowId));
    if (changed.length > 0) {
      await this.dataSource.query(
        `INSERT INTO flow_on_runtime (flow_id, runtime_id, version, error)
         SELECT state ->> 0, $1, (state ->> 1)::bigint, state ->> 2 FROM jsonb_array_elements($2::jsonb) AS state
         ON CONFLICT (flow_id, runtime_id) DO UPDATE SET version = excluded.version, error = excluded.error`,
        [id, `[${changed.map(([, state]) => state).join(',')}]`],
      );
    }
    if (gone.length > 0) {
      await this.dataSource.query('DELETE FROM flow_on_runtime WHERE runtime_id = $1 AND flow_id = ANY($2::text[])', [
        id,
        gone,
      ]);
    }
    this.#written = held;
  }
}

function toView(name: string, wanted: number, version: number | undefined, error: string | undefined): RuntimeView {
  if (version === undefined || version < wanted)
    return { name, status: 'STARTING', ...(version === undefined ? {} : { version }) };
  return error === undefined ? { name, status: 'STARTED', version } : { name, status: 'ERROR', version, error };
}
