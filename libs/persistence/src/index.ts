export { auditOrigin, createAuditClose, createAuditTables } from './audit/audit-trail.js';
export { auditSearchColumns, createAuditFunctions, createAuditIndexes } from './audit/audit-search.js';
export { AuditChainCheck } from './audit/check-audit-chain.js';
export {
  noteInAudit,
  readAudit,
  readAuditHead,
  searchAudit,
  type AuditFilter,
  type AuditHead,
  type AuditPlace,
  type AuditRow,
} from './audit/read-audit.js';
export { createDataSource, initializeDataSource, type PersistenceOptions } from './data-source.js';
export {
  DatabaseUrlError,
  hasPassword,
  parseDatabaseUrl,
  withCredentials,
  type DatabaseUrl,
  type PostgresHost,
} from './servers/database-url.js';
export { notNow, PostgresUnreachable, type NotNow } from './servers/not-now.js';
export { postgresClient, type PostgresClient } from './servers/postgres-client.js';
export { masterKey, parseMasterKeys, type MasterKey, type MasterKeys } from './master-key.js';
export { NewerSchema, sluiceVersion } from './known-migrations.js';
export { Acknowledgements, type KnownEpoch, type SentRecord } from './acknowledgements.js';
export {
  Change,
  outboxChannels,
  type AcknowledgedEvent,
  type AcknowledgedRecord,
  type Acknowledgement,
  type OutboxRow,
} from './outbox.js';
export { OutboxRelay, type OutboxRelayOptions } from './outbox-relay.js';
export { Transactions, violatedUniqueConstraint, type Committed } from './transactions.js';
export { sqlMigrations } from './sql-migrations.js';
export { SecretSealer } from './secret-sealer.js';
export { lockRow, tryLockRow } from './row-lock.js';
export { nextRecordVersion } from './record-version.js';
