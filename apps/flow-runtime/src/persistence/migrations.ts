import { AuditTrail1764400000000 } from './audit-trail.migration.js';
import { CreateReceiverCredentialTable1764500000000 } from './create-receiver-credential-table.migration.js';
import { CreateStoreTables1764501000000 } from './create-store-tables.migration.js';
import { CreateTables1764000000000 } from './create-tables.migration.js';
import { KeepAcknowledgements1796000000000 } from './keep-acknowledgements.migration.js';
import { KeepDeployments1764000300000 } from './keep-deployments.migration.js';
import { PartitionMessageLog1764000600000 } from './partition-message-log.migration.js';

/** Every migration of the schema, in their order. */
export const migrations = [
  CreateTables1764000000000,
  KeepDeployments1764000300000,
  PartitionMessageLog1764000600000,
  AuditTrail1764400000000,
  CreateReceiverCredentialTable1764500000000,
  CreateStoreTables1764501000000,
  KeepAcknowledgements1796000000000,
] as const;
