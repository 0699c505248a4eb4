import type { AuditEntry, StateWriter } from '@sluice/contracts';

/** The parts of an entry for people, and `content`, the text that the hash is of. */
export function toAuditItem(service: StateWriter, { sequence, previousHash, content, hash }: AuditEntry) {
  return { service, sequence, ...readContent(content), previousHash, hash, content };
}
export type AuditItem = ReturnType<typeof toAuditItem>;

function readContent(content: string): Record<string, unknown> {
  try {
    const { at, actor, action, requestId, changes } = JSON.parse(content) as Record<string, unknown>;
    return { at, actor, action, requestId, changes };
  } catch {
    // Somebody changed it: verify-audit says so, and the listing goes on.
    return {};
  }
}
