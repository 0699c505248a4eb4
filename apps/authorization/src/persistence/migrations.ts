import { AuditTrail1764400000000 } from './audit-trail.migration.js';
import { CreateTables1764000000000 } from './create-tables.migration.js';
import { KeepAcknowledgements1796000000000 } from './keep-acknowledgements.migration.js';
import { Subscribers1797000000000 } from './subscribers.migration.js';

/** In the order they are run. */
export const migrations = [
  CreateTables1764000000000,
  AuditTrail1764400000000,
  KeepAcknowledgements1796000000000,
  Subscribers1797000000000,
] as const;
