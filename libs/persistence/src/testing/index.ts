export { describeMigrations } from './describe-migrations.js';
export { differencesToEntities } from './differences-to-entities.js';
export {
  auditTable,
  createAcknowledgedTable,
  createAuditSearch,
  createAuditTrail,
  createOutboxTable,
  createRecordVersionSequence,
  type AuditedColumns,
} from './shared-tables.js';
