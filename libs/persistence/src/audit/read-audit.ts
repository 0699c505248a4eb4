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
