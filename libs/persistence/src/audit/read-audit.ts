import type { EntityManager } from 'typeorm';

/** An entry as it is stored: `hash` is the SHA-256 of `previousHash`, a line feed and `content`. */
export interface AuditRow {
  readonly sequence: number;
  readonly previousHash: string;
  /** JSON: sequence, at, actor, action, requestId, changes. */
  readonly content: string;
  readonly hash: string;
}

export interface AuditHead {
  /** 0 when there is no entry yet. */
  readonly sequence: number;
  readonly hash: string;
}

/** Entries after a sequence, in their order. */
export async function readAudit(manager: EntityManager, after: number, limit: number): Promise<AuditRow[]> {
  const rows: { sequence: string; previous_hash: string; content: string; hash: string }[] = await manager.query(
    'SELECT sequence, previous_hash, content, hash FROM audit_entry WHERE sequence > $1 ORDER BY sequence LIMIT $2',
    [after, limit],
  );
  return rows.map(({ sequence, previous_hash: previousHash, content, hash }) => ({
    sequence: Number(sequence),
    previousHash,
    content,
    hash,
  }));
}

/** What an entry must be to be found; all of it. */
export interface AuditFilter {
  /** ISO 8601 with milliseconds, in UTC; `until` is exclusive. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly actor?: string | undefined;
  readonly operation?: string | undefined;
  /** An id, name or digest of what was changed. */
  readonly entity?: string | undefined;
  /** The table of what was changed. */
  readonly table?: string | undefined;
}

/** When an entry was made, as it says itself, and its sequence; empty when somebody changed it so that it does not say. */
export interface AuditPlace {
  readonly at: string;
  readonly sequence: number;
}

const maxPart = 256;

/** Entries that a filter fits, newest first, before a place. */
export async function searchAudit(
  manager: EntityManager,
  { since, until, actor, operation, entity, table }: AuditFilter,
  before: AuditPlace | undefined,
  limit: number,
): Promise<(AuditRow & AuditPlace)[]> {
  const values: unknown[] = [];
  const value = (given: unknown) => `$${values.push(given)}`;
  const conditions = ['true'];
  if (before !== undefined)
    conditions.push(`(at, sequence) < (${value(before.at)}::text, ${value(before.sequence)}::bigint)`);
  if (since !== undefined) conditions.push(`at >= ${value(since)}`);
  if (until !== undefined) conditions.push(`at < ${value(until)}`);
  if (actor !== undefined) conditions.push(`actor = ${value(actor.slice(0, maxPart))}`);
  if (operation !== undefined) conditions.push(`action = ${value(operation.slice(0, maxPart))}`);
  if (entity !== undefined) conditions.push(`things @> ARRAY[${value(entity.slice(0, maxPart))}]`);
  if (table !== undefined) conditions.push(`things @> ARRAY[${value(`table ${table}`.slice(0, maxPart))}]`);
  const rows: { sequence: string; previous_hash: string; content: string; hash: string; at: string }[] =
    await manager.query(
      `SELECT sequence, previous_hash, content, hash, at FROM audit_search WHERE ${conditions.join(' AND ')}
       ORDER BY at DESC, sequence DESC LIMIT ${value(limit)}`,
      values,
    );
  return rows.map(({ sequence, previous_hash: previousHash, content, hash, at }) => ({
    sequence: Number(sequence),
    previousHash,
    content,
    hash,
    at,
  }));
}

/** The newest entry's sequence and hash. */
export async function readAuditHead(manager: EntityManager): Promise<AuditHead> {
  const [row]: { sequence: string; hash: string }[] = await manager.query('SELECT sequence, hash FROM audit_head');
  if (!row) throw new Error('The audit trail has lost its head: restore audit_head.');
  return { sequence: Number(row.sequence), hash: row.hash };
}

/** Notes in a transaction something that changes no row of an audited table. */
export async function noteInAudit(manager: EntityManager, what: Readonly<Record<string, unknown>>): Promise<void> {
  await manager.query('INSERT INTO audit_note (change) VALUES ($1::jsonb)', [JSON.stringify(what)]);
}
